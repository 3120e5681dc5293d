"""Matching over arrays: a packed batch, candidate ranges, scores, and the best set of spans."""
