"""Constrained Viterbi decoding in plain words: try every path."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence


def path_score(
    rows: Sequence[Sequence[float]], path: Sequence[int], tags: Sequence[str], unlikely: float, least: float
) -> float:
    """Log probability of a path; ``I-X`` after anything but ``B-X`` and ``I-X`` costs ``unlikely``."""
    total, before = 0.0, ""
    for row, k in zip(rows, path, strict=True):
        total += math.log(max(row[k], least))
        if tags[k].startswith("I-") and before not in (f"B-{tags[k][2:]}", tags[k]):
            total += math.log(unlikely)
        before = tags[k]
    return total


def best_score(rows: Sequence[Sequence[float]], tags: Sequence[str], unlikely: float, least: float) -> float:
    """Log probability of the likeliest path."""
    paths = itertools.product(range(len(tags)), repeat=len(rows))
    return max(path_score(rows, path, tags, unlikely, least) for path in paths)
