"""Sparse scores of entities with candidates, and their fusion.

Scores are sorted by sentence, entity, candidate. Source: fused scores of span-based projection (arXiv 2501.18750
and its code).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import F64, I64, IN_F64, IN_I32, IN_I64, OUT_F64, OUT_I32, OUT_I64, Array, kernel
from spanport_kernels.matching import Ranges
from spanport_kernels.ragged import Candidates


class Scores(NamedTuple):
    """Sparse scores of a batch.

    ``entity`` and ``candidate`` int32 ``(S,)``: indices within the sentence; ``score`` float64 ``(S,)``;
    ``offsets`` int64 ``(B + 1,)``.
    """

    entity: npt.NDArray[np.int32]
    candidate: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]


def to_ranges(scores: Scores, candidates: Candidates) -> Ranges:
    """Replace candidate indices by their ranges, as `matching` wants them."""
    flat = scores.candidate + np.repeat(candidates.offsets[:-1], np.diff(scores.offsets))
    starts, ends = candidates.ranges[flat].T.copy()
    return Ranges(scores.entity, starts, ends, scores.score, scores.offsets)


@kernel(
    I64, IN_I32, IN_I32, IN_F64, IN_I64, IN_I32, IN_I32, IN_F64, IN_I64, F64, F64,
    OUT_I32, OUT_I32, OUT_F64, OUT_I64,
)  # fmt: skip
def _add(
    entity: Array,
    candidate: Array,
    score: Array,
    begins: Array,
    other_entity: Array,
    other_candidate: Array,
    other_score: Array,
    other_begins: Array,
    weight: float,
    threshold: float,
    to_entity: Array,
    to_candidate: Array,
    to_score: Array,
    offsets: Array,
) -> int:
    """Merge sparse scores: the first plus ``weight`` times those of the second that are above ``threshold``."""
    total = 0
    for b in range(begins.size - 1):
        x, y = begins[b], other_begins[b]
        while x < begins[b + 1] or y < other_begins[b + 1]:
            order = 0
            if y == other_begins[b + 1]:
                order = -1
            elif x == begins[b + 1]:
                order = 1
            elif entity[x] != other_entity[y]:
                order = -1 if entity[x] < other_entity[y] else 1
            elif candidate[x] != other_candidate[y]:
                order = -1 if candidate[x] < other_candidate[y] else 1
            value = 0.0
            kept = False
            if order <= 0:
                to_entity[total], to_candidate[total] = entity[x], candidate[x]
                value = score[x]
                kept = True
                x += 1
            if order >= 0:
                if other_score[y] > threshold:
                    to_entity[total], to_candidate[total] = other_entity[y], other_candidate[y]
                    value += weight * other_score[y]
                    kept = True
                y += 1
            if kept:
                to_score[total] = value
                total += 1
        offsets[b + 1] = total
    return total


def fuse(parts: Sequence[tuple[Scores, float, float]]) -> Scores:
    """The weighted sum of scores, each part ``(scores, weight, threshold)`` only where it is above its threshold.

    Raises ValueError for no parts or parts of different batches.
    """
    if len({part.offsets.size for part, _, _ in parts}) != 1:
        raise ValueError("fuse needs at least one part, all of the same batch of sentences")
    offsets = np.zeros(parts[0][0].offsets.size, np.int64)
    total = Scores(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), offsets)
    for part, weight, threshold in parts:
        size = total.score.size + part.score.size
        merged = room_for(size, offsets.size - 1)
        used = _add(*total, *part, weight, threshold, *merged)
        total = Scores(merged.entity[:used], merged.candidate[:used], merged.score[:used], merged.offsets)
    return total


def room_for(size: int, sentences: int) -> Scores:
    """Uninitialised scores of the given size."""
    return Scores(
        np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size), np.zeros(sentences + 1, np.int64)
    )


def filled(score: Any, *arguments: Any, most: int, sentences: int) -> Scores:
    """What a scoring kernel writes: at most ``most`` scores, of which only those written take memory."""
    room = room_for(most, sentences)
    used = score(*arguments, *room)
    return Scores(room.entity[:used].copy(), room.candidate[:used].copy(), room.score[:used].copy(), room.offsets)


def most_cells(entity_offsets: npt.NDArray[np.int64], candidates: Candidates) -> int:
    """The number of entity-candidate pairs of a batch."""
    return int((np.diff(entity_offsets) * np.diff(candidates.offsets)).sum())
