"""Calibrated matching (ours): evidence of candidates, a regression over it, and the most probable spans."""
