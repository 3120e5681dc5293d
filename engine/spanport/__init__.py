"""Carry span annotations from one language to another."""
