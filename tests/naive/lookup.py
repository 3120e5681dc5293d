"""The lexicon, one word pair at a time, in Python's own integers."""

import numpy as np

MASK = (1 << 64) - 1


def key(english, other):
    mixed = (english * 0x9E3779B97F4A7C15 & MASK) ^ other
    return ((mixed ^ (mixed >> 32)) * 0xBF58476D1CE4E5B9 & MASK) >> 16


def scores(table, english, other):
    """(m, n) float32 of (form, prefix) hashes on either side; table: key -> score."""
    out = np.zeros((len(english), len(other)), np.float32)
    for i, (form, prefix) in enumerate(english):
        for j, (other_form, other_prefix) in enumerate(other):
            out[i, j] = table.get(key(form, other_form), 0.0)
            if prefix and other_prefix:
                out[i, j] = max(out[i, j], np.float32(0.7) * np.float32(table.get(key(prefix, other_prefix), 0.0)))
    return out
