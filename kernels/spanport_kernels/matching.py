"""Matching entities to candidates: greedy, and exact with at most one candidate per entity.

Candidates come as `Ranges`, sparse and ragged by sentence. What the exact kernel cannot prove within its caps
comes back as `HANDED_OVER` with the greedy answer, for a general solver to finish.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels import dp, greedy

OPTIMAL, FEASIBLE, INFEASIBLE, HANDED_OVER, UNMET = 0, 1, 2, 3, 4
"""Status of a sentence: proved best; a solution, not proved; no solution exists (proved); left to a general
solver; greedy stopped with fewer spans than the relation asks for."""

Relation = Literal["<=", "=", ">=", "<", ">"]
"""How the number of spans per entity compares with a count."""

OPEN_BITS_CAP = 12
"""Most entities open at one position before a sentence is handed over."""

WORK_CAP = 20_000_000
"""Most transitions of the dynamic program before a sentence is handed over (0.1 s at most)."""

TOLERANCE = 1e-9
"""Sums of scores closer than this count as equal."""

UNLIMITED = 2**31 - 1
"""A limit that no entity reaches."""


class Ranges(NamedTuple):
    """Scored candidates of a batch, sorted within each sentence by entity, start, end.

    ``entity`` int32 ``(C,)``: index of the entity within its sentence; ``start``, ``end`` int32 ``(C,)``: words,
    half-open; ``score`` float64 ``(C,)``, candidates at or below 0 are never taken; ``offsets`` int64
    ``(B + 1,)``.
    """

    entity: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]


class Matching(NamedTuple):
    """Projected spans of a batch.

    ``spans`` int32 ``(P, 4)``: start, end (words, half-open), label, index of the entity within its sentence;
    ``scores`` float64 ``(P,)``; ``offsets`` int64 ``(B + 1,)``; ``status`` int8 ``(B,)``. Within a sentence spans
    are ordered by entity, then start.
    """

    spans: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]


def count_bounds(relation: Relation, count: int) -> tuple[int, int]:
    """The least and the most spans per entity that ``relation count`` allows; ValueError where none does."""
    bounds = {
        "<=": (0, count),
        "=": (count, count),
        ">=": (count, UNLIMITED),
        "<": (0, count - 1),
        ">": (count + 1, UNLIMITED),
    }
    least, most = bounds[relation]
    if most < 0 or count < 0:
        raise ValueError(f"no number of spans is {relation} {count}; expected a count of at least 0 (1 for <)")
    return least, most


def match_greedy(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    ranges: Ranges,
    target_lengths: npt.NDArray[np.int32],
    *,
    relation: Relation = "<=",
    count: int = 1,
) -> Matching:
    """Repeatedly take the largest score above 0, retire full entities and drop overlapping candidates.

    Ties go to the first entity, then the first start, then the first end. A lower bound is not enforced, as
    published: where an entity with a positive score gets fewer spans than the relation asks for, the status is
    `UNMET`. `OPTIMAL` is
    reported where every entity got its best candidate under ``<= 1``. Source: greedy matching of the n-gram
    projection systems (arXiv 2501.18750).

    Shapes: ``entities`` int32 ``(E, 3)`` start, end, label; ``entity_offsets`` int64 ``(B + 1,)``;
    ``target_lengths`` int32 ``(B,)``.
    """
    least, most = count_bounds(relation, count)
    flat, value, ceiling = _pick_greedily(entity_offsets, ranges, target_lengths, most)
    status = np.full(target_lengths.size, FEASIBLE, np.int8)
    if (least, most) == (0, 1):
        status[value >= ceiling - TOLERANCE] = OPTIMAL
    matching = _collect(entities, entity_offsets, ranges, flat, status)
    if least > 0:
        sentence = np.repeat(np.arange(status.size), np.diff(matching.offsets))
        taken = np.bincount(entity_offsets[sentence] + matching.spans[:, 3], minlength=len(entities))
        owner = np.repeat(np.arange(status.size), np.diff(ranges.offsets))
        scored = np.zeros(len(entities), np.bool_)
        scored[(entity_offsets[owner] + ranges.entity)[ranges.score > 0.0]] = True
        short = np.repeat(np.arange(status.size), np.diff(entity_offsets))[scored & (taken < least)]
        status[short] = UNMET
    return matching


def match_exact(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    ranges: Ranges,
    target_lengths: npt.NDArray[np.int32],
    *,
    bits_cap: int = OPEN_BITS_CAP,
    work_cap: int = WORK_CAP,
) -> Matching:
    """The matching with the largest sum of scores, at most one span per entity, no overlaps.

    The greedy answer stands unless another is better by more than `TOLERANCE`. Sentences that would cost more
    than the caps are `HANDED_OVER` with the greedy answer. Shapes as in `match_greedy`.
    """
    flat, value, ceiling = _pick_greedily(entity_offsets, ranges, target_lengths, 1)
    status = np.full(target_lengths.size, OPTIMAL, np.int8)
    hard = np.flatnonzero(value < ceiling - TOLERANCE)
    if hard.size:
        part = select_ranges(ranges, hard)
        columns = np.stack([part.entity, part.start, part.end], axis=1)
        entity_counts = np.diff(entity_offsets)[hard].astype(np.int32)
        word_counts = target_lengths[hard].astype(np.int32)
        picks = np.empty(int(entity_counts.sum()), np.int32)
        pick_offsets = np.empty(hard.size + 1, np.int64)
        outcome = np.empty(hard.size, np.int8)
        total = dp.improve(
            columns, part.score, part.offsets, entity_counts, word_counts, value[hard] + TOLERANCE,
            bits_cap, work_cap, picks, pick_offsets, outcome,
        )  # fmt: skip
        status[hard[outcome == dp.CAPPED]] = HANDED_OVER
        better = np.zeros(status.size, np.bool_)
        better[hard[outcome == dp.IMPROVED]] = True
        old = better[np.searchsorted(ranges.offsets, flat, side="right") - 1]
        new = picks[:total] + np.repeat(ranges.offsets[hard], np.diff(pick_offsets))
        flat = np.sort(np.concatenate([flat[~old], new]))
    return _collect(entities, entity_offsets, ranges, flat, status)


def _pick_greedily(
    entity_offsets: npt.NDArray[np.int64],
    ranges: Ranges,
    target_lengths: npt.NDArray[np.int32],
    limit: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Greedy picks as indices into ``ranges``, ascending; their sums; the sums of best scores, per sentence."""
    counts = np.diff(entity_offsets).astype(np.int32)
    room = np.minimum(np.diff(ranges.offsets), target_lengths)
    picks = np.empty(int(np.minimum(room, counts.astype(np.int64) * limit).sum()), np.int64)
    value, ceiling = np.empty(counts.size), np.empty(counts.size)
    total = greedy.pick_greedily(*ranges, counts, limit, picks, value, ceiling)
    return np.sort(picks[:total]), value, ceiling


def _collect(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    ranges: Ranges,
    flat: npt.NDArray[np.int64],
    status: npt.NDArray[np.int8],
) -> Matching:
    """The picked candidates (ascending indices into ``ranges``) as a `Matching`."""
    sentence = np.searchsorted(ranges.offsets, flat, side="right") - 1
    spans = np.empty((flat.size, 4), np.int32)
    spans[:, 0] = ranges.start[flat]
    spans[:, 1] = ranges.end[flat]
    spans[:, 3] = ranges.entity[flat]
    spans[:, 2] = entities[entity_offsets[sentence] + spans[:, 3], 2]
    offsets = np.zeros(status.size + 1, np.int64)
    np.cumsum(np.bincount(sentence, minlength=status.size), out=offsets[1:])
    return Matching(spans, ranges.score[flat], offsets, status)


def splice(matching: Matching, sentences: npt.NDArray[np.int64], part: Matching) -> Matching:
    """``matching`` with the listed sentences (ascending) replaced by those of ``part``, in order."""
    counts = np.diff(matching.offsets)
    counts[sentences] = np.diff(part.offsets)
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    status = matching.status.copy()
    status[sentences] = part.status
    starts = np.concatenate([[0], matching.offsets[sentences + 1]]).tolist()
    ends = np.append(matching.offsets[sentences], matching.offsets[-1]).tolist()
    inserted = part.offsets.tolist()

    def weave(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        pieces = [old[starts[0] : ends[0]]]
        for h in range(len(inserted) - 1):
            pieces += [new[inserted[h] : inserted[h + 1]], old[starts[h + 1] : ends[h + 1]]]
        return np.concatenate(pieces)

    return Matching(weave(matching.spans, part.spans), weave(matching.scores, part.scores), offsets, status)


def select(
    values: npt.NDArray[Any], offsets: npt.NDArray[np.int64], items: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The values and offsets of the listed items of a ragged array."""
    begins, counts = offsets[items], offsets[items + 1] - offsets[items]
    chosen = np.concatenate([[0], np.cumsum(counts)])
    index = np.arange(chosen[-1]) + np.repeat(begins - chosen[:-1], counts)
    return values[index], chosen


def select_ranges(ranges: Ranges, sentences: npt.NDArray[np.int64]) -> Ranges:
    """The ranges of the listed sentences, ascending."""
    if sentences.size == ranges.offsets.size - 1:
        return ranges  # all of them: one sentence may have millions of ranges
    index, offsets = select(np.arange(ranges.score.size), ranges.offsets, sentences)
    return Ranges(ranges.entity[index], ranges.start[index], ranges.end[index], ranges.score[index], offsets)
