"""N-gram candidates, alignment score and matching in one pass over a ragged batch.

Only candidates whose both end words are aligned to the entity are looked at. That loses nothing for at most one
span per entity under the alignment score alone: trimming an unaligned end keeps the numerator, shrinks the
denominator, stays within the length limit and the stop words, and overlaps no more. A trimmed candidate scores
strictly higher, so greedy picks, ties included, are the same too: whenever the longer one is free, so is the
trimmed one. It does not hold for ``=``, ``>=``, ``>`` or for fused scores (see `candidates` and `scores`).

Where the entities' best candidates do not overlap they are the optimum and the greedy answer alike, and nothing
more is computed. The other sentences, one in a few hundred, go through `matching`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    I64,
    IN_BOOL,
    IN_I32,
    IN_I32_2D,
    IN_I64,
    OUT_F64,
    OUT_I8,
    OUT_I32,
    OUT_I32_2D,
    OUT_I64,
    Array,
    helper,
    kernel,
)
from spanport_kernels.matching import (
    HANDED_OVER,
    OPEN_BITS_CAP,
    OPTIMAL,
    UNLIMITED,
    WORK_CAP,
    Matching,
    Ranges,
    match_exact,
    match_greedy,
    select,
    splice,
)

Score = Literal["pairs", "covered"]
Solver = Literal["greedy", "exact"]


@helper
def new_scratch(entities: Array, edge_offsets: Array, target_lengths: Array) -> tuple[Array, Array]:
    """Scratch for the largest entity and sentence of the batch: sort keys ``(A,)``, and five rows.

    The rows hold, for one entity: 0 aligned target words, ascending; 1 stop words before each; 2 offsets of each
    word's links; 3 per link, which of the aligned words was linked to the same source word before, or -1;
    4 per source word, the last aligned word linked to it so far.
    """
    links = width = np.int64(1)
    for b in range(target_lengths.size):
        links = max(links, edge_offsets[b + 1] - edge_offsets[b])
    for x in range(entities.shape[0]):
        width = max(width, np.int64(entities[x, 1] - entities[x, 0]))
    return np.empty(links + 1, np.int64), np.empty((5, max(links, width) + 1), np.int32)


@helper
def collect(first: int, last: int, edges: Array, begin: int, end: int, keys: Array) -> np.int64:
    """Sort the links of the source words ``[first, last)`` by target word, then source word; returns their number.

    A key is ``target << 32 | source - first``.
    """
    free = np.uint64(0)
    width = np.uint32(last - first)
    for x in range(np.uint64(begin), np.uint64(end)):
        # Every key is written and only hits are kept: a branch would be mispredicted at each hit. Unsigned
        # indices spare the test for negative ones; both together halve the time of this loop.
        source = np.uint32(edges[x, 0] - first)
        keys[free] = np.int64(edges[x, 1]) << 32 | np.int64(source)
        free += np.uint64(source < width)
    found = np.int64(free)
    gap = 1
    while 3 * gap + 1 < found:
        gap = 3 * gap + 1
    while gap > 0:
        for x in range(gap, found):
            key = keys[x]
            y = x
            while y >= gap and keys[y - gap] > key:
                keys[y] = keys[y - gap]
                y -= gap
            keys[y] = key
        gap //= 3
    return found


@helper
def group(
    length: int,
    found: int,
    keys: Array,
    stop: Array,
    stop_begin: int,
    rows: Array,
) -> int:
    """Group sorted links by target word, leaving out stop words and duplicates; returns the number of words."""
    for s in range(length):
        rows[4, s] = -1
    count = kept = passed = 0
    position = np.int64(-1)
    for x in range(found):
        target = keys[x] >> 32
        if target != position:
            if position >= 0:
                for t in range(position + 1, target + 1):
                    passed += stop[stop_begin + t]
            position = target
            if not stop[stop_begin + target]:
                rows[0, count] = target
                rows[1, count] = passed
                rows[2, count] = kept
                count += 1
        if not stop[stop_begin + target]:
            source = keys[x] & 0xFFFFFFFF
            if rows[4, source] != count - 1:
                rows[3, kept] = rows[4, source]
                rows[4, source] = count - 1
                kept += 1
    rows[2, count] = kept
    return count


@helper
def gain(rows: Array, a: int, b: int, covered: bool) -> int:
    """What aligned word ``b`` adds to the numerator of the candidate that starts at aligned word ``a``."""
    begin, end = rows[2, b], rows[2, b + 1]
    if not covered:
        return int(2 * (end - begin))
    added = 1
    for y in range(begin, end):
        added += rows[3, y] < a
    return added


@kernel(I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I32, IN_BOOL, I64, BOOL, OUT_I32_2D, OUT_F64, OUT_I64, OUT_I8)
def _project(
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    target_lengths: Array,
    stop: Array,
    max_length: int,
    covered: bool,
    spans: Array,
    scores: Array,
    offsets: Array,
    status: Array,
) -> int:
    """Each entity's best candidate; `HANDED_OVER` where these overlap. Returns -1, or a sentence with a bad link."""
    keys, rows = new_scratch(entities, edge_offsets, target_lengths)
    total = stop_begin = 0
    for b in range(target_lengths.size):
        here = total
        status[b] = OPTIMAL
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            first, last = entities[x, 0], entities[x, 1]
            found = collect(first, last, edges, edge_offsets[b], edge_offsets[b + 1], keys)
            if found == 0:
                continue
            if keys[0] < 0 or keys[found - 1] >> 32 >= target_lengths[b]:
                return b
            count = group(last - first, found, keys, stop, stop_begin, rows)
            best = 0.0
            for a in range(count):
                numerator = 0
                for z in range(a, count):
                    length = rows[0, z] - rows[0, a] + 1
                    if length > max_length or rows[1, z] != rows[1, a]:
                        break
                    numerator += gain(rows, a, z, covered)
                    score = numerator / (last - first + length)
                    if score > best:
                        best = score
                        spans[total, 0] = rows[0, a]
                        spans[total, 1] = rows[0, z] + 1
            if best > 0.0:
                for y in range(here, total):
                    if spans[y, 0] < spans[total, 1] and spans[y, 1] > spans[total, 0]:
                        status[b] = HANDED_OVER
                spans[total, 2] = entities[x, 2]
                spans[total, 3] = x - entity_offsets[b]
                scores[total] = best
                total += 1
        if status[b] == HANDED_OVER:
            total = here
        stop_begin += target_lengths[b]
        offsets[b + 1] = total
    return -1


@kernel(
    I64, IN_I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I32, IN_BOOL, IN_I64, I64, BOOL,
    OUT_I32, OUT_I32, OUT_I32, OUT_F64, OUT_I64,
)  # fmt: skip
def _enumerate(
    sentences: Array,
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    target_lengths: Array,
    stop: Array,
    stop_offsets: Array,
    max_length: int,
    covered: bool,
    entity: Array,
    start: Array,
    end: Array,
    score: Array,
    offsets: Array,
) -> int:
    """All scored candidates of the listed sentences; with empty outputs, only their number."""
    keys, rows = new_scratch(entities, edge_offsets, target_lengths)
    total = 0
    for h in range(sentences.size):
        b = sentences[h]
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            first, last = entities[x, 0], entities[x, 1]
            found = collect(first, last, edges, edge_offsets[b], edge_offsets[b + 1], keys)
            count = group(last - first, found, keys, stop, stop_offsets[b], rows)
            for a in range(count):
                numerator = 0
                for z in range(a, count):
                    length = rows[0, z] - rows[0, a] + 1
                    if length > max_length or rows[1, z] != rows[1, a]:
                        break
                    if total < entity.size:
                        numerator += gain(rows, a, z, covered)
                        entity[total] = x - entity_offsets[b]
                        start[total] = rows[0, a]
                        end[total] = rows[0, z] + 1
                        score[total] = numerator / (last - first + length)
                    total += 1
        if entity.size:
            offsets[h + 1] = total
    return total


class Problem(NamedTuple):
    """A ragged batch to project.

    ``entities`` int32 ``(E, 3)``: start, end (source words, half-open), label; ``entity_offsets`` int64
    ``(B + 1,)``; ``edges`` int32 ``(A, 2)``: source word, target word; ``edge_offsets`` int64 ``(B + 1,)``;
    ``target_lengths`` int32 ``(B,)``; ``stop`` bool ``(sum of target_lengths,)``: words no candidate may contain.
    """

    entities: npt.NDArray[np.int32]
    entity_offsets: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int32]
    edge_offsets: npt.NDArray[np.int64]
    target_lengths: npt.NDArray[np.int32]
    stop: npt.NDArray[np.bool_]


def project_ngram(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
    stop_mask: npt.NDArray[np.bool_] | None = None,
    *,
    max_length: int = 10,
    score: Score = "pairs",
    solver: Solver = "exact",
    bits_cap: int = OPEN_BITS_CAP,
    work_cap: int = WORK_CAP,
) -> Matching:
    """Project entities over word links onto n-gram candidates, at most one span per entity.

    Arguments as in `Problem`; ``max_length`` 0 is unlimited. ``score``: ``pairs`` is ``2 * links inside /
    (entity length + candidate length)``, as published; ``covered`` counts aligned words of either side instead
    of links and never exceeds 1. Raises ValueError for a link to a target word that does not exist.
    """
    if stop_mask is None:
        stop_mask = np.zeros(int(target_lengths.sum()), np.bool_)
    problem = Problem(entities, entity_offsets, edges, edge_offsets, target_lengths, stop_mask)
    spans = np.empty((len(entities), 4), np.int32)
    scores = np.empty(len(entities))
    offsets = np.zeros(target_lengths.size + 1, np.int64)
    status = np.empty(target_lengths.size, np.int8)
    bad = _project(*problem, max_length or UNLIMITED, score == "covered", spans, scores, offsets, status)
    if bad >= 0:
        raise ValueError(
            f"sentence {bad}: a link names a target word outside [0, {target_lengths[bad]}); drop such links"
        )
    matching = Matching(spans[: offsets[-1]], scores[: offsets[-1]], offsets, status)
    hard = np.flatnonzero(status == HANDED_OVER)
    if not hard.size:
        return matching
    ranges = ngram_ranges(hard, problem, max_length=max_length, score=score)
    own, own_offsets = select(entities, entity_offsets, hard)
    lengths = target_lengths[hard]
    if solver == "greedy":
        part = match_greedy(own, own_offsets, ranges, lengths)
    else:
        part = match_exact(own, own_offsets, ranges, lengths, bits_cap=bits_cap, work_cap=work_cap)
    return splice(matching, hard, part)


def ngram_ranges(
    sentences: npt.NDArray[np.int64], problem: Problem, *, max_length: int = 10, score: Score = "pairs"
) -> Ranges:
    """The candidates that `project_ngram` looks at, scored, for the listed sentences of a batch."""
    stop_offsets = np.concatenate([[0], np.cumsum(problem.target_lengths, dtype=np.int64)])
    offsets = np.zeros(sentences.size + 1, np.int64)

    def fill(size: int) -> tuple[int, Ranges]:
        three = [np.empty(size, np.int32) for _ in range(3)]
        ranges = Ranges(three[0], three[1], three[2], np.empty(size), offsets)
        limit = max_length or UNLIMITED
        return _enumerate(sentences, *problem, stop_offsets, limit, score == "covered", *ranges), ranges

    return fill(fill(0)[0])[1]
