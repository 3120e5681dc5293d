"""Candidate target ranges, per sentence: deduplicated and sorted by start, then end.

Sources: n-gram, aligned sub-range, merged-range and NER-model candidates of span-based projection
(arXiv 2501.18750 and its code).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    I64,
    IN_BOOL,
    IN_I32,
    IN_I32_2D,
    IN_I64,
    OUT_I32_2D,
    OUT_I64,
    Array,
    helper,
    kernel,
)
from spanport_kernels.ragged import Candidates as Candidates
from spanport_kernels.ragged import (
    as_array,
    check_edge_range,
    check_edges,
    check_entities,
    check_offsets,
    offsets_of,
)


@kernel(I64, IN_I32, IN_BOOL, I64, OUT_I32_2D, OUT_I64)
def _ngrams(lengths: Array, stop: Array, max_length: int, ranges: Array, offsets: Array) -> int:
    """Fill the arrays of `Candidates` as far as there is room; returns the number of candidates."""
    total = begin = 0
    offsets[0] = 0
    for b in range(lengths.size):
        for i in range(lengths[b]):
            for j in range(i, min(int(lengths[b]), i + max_length)):
                if stop[begin + j]:
                    break
                if total < ranges.shape[0]:
                    ranges[total, 0] = i
                    ranges[total, 1] = j + 1
                total += 1
        begin += lengths[b]
        offsets[b + 1] = total
    return total


@helper
def mark_aligned(first: int, last: int, edges: Array, begin: int, end: int, aligned: Array) -> int:
    """Mark the target words linked to the source words ``[first, last)``; returns the last one, or -1."""
    aligned[:] = 0
    highest = -1
    for x in range(begin, end):
        if first <= edges[x, 0] < last:
            aligned[edges[x, 1]] = 1
            highest = max(highest, int(edges[x, 1]))
    return highest


@kernel(I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, I64, BOOL, BOOL, OUT_I32_2D, OUT_I64)
def _aligned(
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    words: int,
    merged: bool,
    subranges: bool,
    ranges: Array,
    offsets: Array,
) -> int:
    """Fill the arrays of `Candidates` as far as there is room; returns the number of candidates.

    ``merged``: from the start of a run to the end of the same or a later run, and, with ``subranges``, ranges
    inside one run. Otherwise: all sub-ranges of the hull of the aligned words. ``words`` is the longest target.
    """
    aligned = np.empty(words + 1, np.uint8)
    seen = np.full((words, words), -1, np.int64)  # the last sentence that has the range from i to j
    total = 0
    offsets[0] = 0
    for b in range(entity_offsets.size - 1):
        reach = 0
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            highest = mark_aligned(
                entities[x, 0], entities[x, 1], edges, edge_offsets[b], edge_offsets[b + 1], aligned
            )
            reach = max(reach, highest + 1)
            begun = False
            for i in range(highest + 1):
                run = aligned[i] == 1
                starts = run and (i == 0 or aligned[i - 1] == 0)
                begun = begun or run
                for j in range(i, highest + 1):
                    run = run and aligned[j] == 1
                    if not begun or (merged and not run and not starts):
                        break
                    ends = aligned[j] == 1 and aligned[j + 1] == 0
                    if not merged or (subranges and run) or (starts and ends):
                        seen[i, j] = b
        for i in range(reach):
            for j in range(i, reach):
                if seen[i, j] == b:
                    if total < ranges.shape[0]:
                        ranges[total, 0] = i
                        ranges[total, 1] = j + 1
                    total += 1
        offsets[b + 1] = total
    return total


def ngram_candidates(
    target_lengths: npt.NDArray[np.int32],
    stop_mask: npt.NDArray[np.bool_] | None = None,
    *,
    max_length: int = 10,
) -> Candidates:
    """All ranges of at most ``max_length`` words (0: any) that contain no stop word.

    ``target_lengths`` int32 ``(B,)``; ``stop_mask`` bool ``(sum of target_lengths,)``, as published the words
    ``!`` and ``?``. Raises ValueError where the two do not fit.
    """
    lengths = as_array(target_lengths, np.int32, "target_lengths")
    words = int(lengths.sum())
    stop = np.zeros(words, np.bool_) if stop_mask is None else as_array(stop_mask, np.bool_, "stop_mask")
    if stop.size != words:
        raise ValueError(f"stop_mask has {stop.size} words, expected {words}, the sum of target_lengths")
    limit = max_length or 2**31 - 1
    offsets = np.empty(lengths.size + 1, np.int64)
    ranges = np.empty((_ngrams(lengths, stop, limit, np.empty((0, 2), np.int32), offsets), 2), np.int32)
    _ngrams(lengths, stop, limit, ranges, offsets)
    return Candidates(ranges, offsets)


def aligned_subranges(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
) -> Candidates:
    """Every sub-range of the hull (first to last) of each entity's aligned words.

    Shapes: ``entities`` ``(E, 3)`` start, end, label with ``entity_offsets`` ``(B + 1,)``; ``edges`` ``(A, 2)``
    source word, target word with ``edge_offsets`` ``(B + 1,)``; ``target_lengths`` ``(B,)``. Raises ValueError for
    arrays that do not fit together.
    """
    return _from_links(entities, entity_offsets, edges, edge_offsets, target_lengths, False, False)


def merged_ranges(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
    *,
    subranges: bool = True,
) -> Candidates:
    """Each entity's runs of aligned words, their sub-ranges (optional), and every span from run p to a later run q.

    Arguments and errors as for `aligned_subranges`.
    """
    return _from_links(entities, entity_offsets, edges, edge_offsets, target_lengths, True, subranges)


def predicted_spans(
    spans: npt.NDArray[np.int32], span_offsets: npt.NDArray[np.int64], *, subranges: bool = False
) -> Candidates:
    """Spans a model predicted on the target, types aside, optionally with all their sub-ranges.

    ``spans`` int32 ``(P, 2)`` start, end, ragged by ``span_offsets`` ``(B + 1,)``.
    """
    rows = as_array(spans, np.int32, "spans", columns=2).astype(np.int64)
    offsets = check_offsets(span_offsets, len(rows), "span_offsets")
    sentence = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
    starts, ends = rows[:, 0], rows[:, 1]
    if subranges:
        span, inside = _expand(ends - starts)
        sentence, starts, ends = sentence[span], starts[span] + inside, ends[span]
        span, inside = _expand(ends - starts)
        sentence, starts, ends = sentence[span], starts[span], starts[span] + inside + 1
    return _unique(sentence, starts, ends, offsets.size - 1)


def _expand(counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For items repeated ``counts`` times: the item and the repetition's number of each."""
    item = np.repeat(np.arange(counts.size), counts)
    return item, np.arange(item.size) - (np.cumsum(counts) - counts)[item]


def _from_links(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
    merged: bool,
    subranges: bool,
) -> Candidates:
    rows, offsets = check_entities(entities, entity_offsets)
    links, link_offsets = check_edges(edges, edge_offsets)
    lengths = as_array(target_lengths, np.int64, "target_lengths")
    check_edge_range(links, link_offsets, np.full(lengths.size, 2**31), lengths)
    arguments = (rows, offsets, links, link_offsets, int(lengths.max(initial=0)), merged, subranges)
    found = np.empty(lengths.size + 1, np.int64)
    ranges = np.empty((_aligned(*arguments, np.empty((0, 2), np.int32), found), 2), np.int32)
    _aligned(*arguments, ranges, found)
    return Candidates(ranges, found)


def _unique(
    sentence: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], sentences: int
) -> Candidates:
    """Sort by sentence, start, end and drop repeats."""
    base = int(ends.max(initial=0)) + 1
    keys = np.unique((sentence * base + starts) * base + ends)
    ranges = np.stack([keys // base % base, keys % base], axis=1).astype(np.int32)
    return Candidates(ranges, offsets_of(np.bincount(keys // base**2, minlength=sentences)))
