"""What a system is made of: translate, label, embed, align, candidates, score, solve."""
