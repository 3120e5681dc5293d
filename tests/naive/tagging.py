"""Constrained Viterbi decoding in plain words: try every path."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence


def path_score(
    rows: Sequence[Sequence[float]], path: Sequence[int], tags: Sequence[str], unlikely: float, least: float
) -> float:
    """Log probability of a path; ``I-X`` and ``E-X`` after anything but ``B-X`` and ``I-X`` cost ``unlikely``."""
    total, before = 0.0, ""
    for row, k in zip(rows, path, strict=True):
        total += math.log(max(row[k], least))
        if tags[k][:2] in ("I-", "E-", "L-") and before not in (f"B-{tags[k][2:]}", f"I-{tags[k][2:]}"):
            total += math.log(unlikely)
        before = tags[k]
    return total


def best_score(rows: Sequence[Sequence[float]], tags: Sequence[str], unlikely: float, least: float) -> float:
    """Log probability of the likeliest path."""
    paths = itertools.product(range(len(tags)), repeat=len(rows))
    return max(path_score(rows, path, tags, unlikely, least) for path in paths)


def group(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Entities of tags of any scheme: every word is asked whether an entity begins or ends at it."""
    entities = []
    for first, tag in enumerate(tags):
        if tag == "O" or not _begins(tags, first):
            continue
        last = first
        while not _ends(tags, last):
            last += 1
        entities.append((first, last + 1, tag[2:]))
    return entities


def _begins(tags: Sequence[str], i: int) -> bool:
    return i == 0 or tags[i][0] in "BSU" or tags[i - 1][1:] != tags[i][1:] or tags[i - 1][0] in "ESLU"


def _ends(tags: Sequence[str], i: int) -> bool:
    return i + 1 == len(tags) or tags[i][0] in "ESLU" or tags[i + 1][1:] != tags[i][1:] or tags[i + 1][0] in "BSU"
