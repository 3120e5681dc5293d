"""Kernels of `ngram`: group an entity's links, and score the candidates between linked words.

A candidate starts and ends at words linked to the entity; its numerator is summed up while its end moves right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    I64,
    IN_BOOL,
    IN_I32_2D,
    IN_I64,
    OUT_F64,
    OUT_I8,
    OUT_I32,
    OUT_I32_2D,
    OUT_I64,
    OUT_I64_2D,
    Array,
    helper,
    kernel,
)
from spanport_kernels.matching import HANDED_OVER, OPTIMAL
from spanport_kernels.plain import COUNT, HIGH, LOW, MOST_ENTITIES, MOST_WORDS, is_plain, own_words, sum_links


class Scratch(NamedTuple):
    """Work space for the largest entity and sentence of a batch; made by `new_scratch`.

    ``keys`` int64 ``(A,)``: links to be sorted. ``rows`` int32 ``(5, A)``, for one entity: 0 aligned target words,
    ascending; 1 stop words before each; 2 offsets of each word's links; 3 per link, which of the aligned words was
    linked to the same source word before, or -1; 4 per source word, the last aligned word linked to it so far.
    ``owner`` int32 ``(W,)`` and ``sums`` int64 ``(E, 6)``: see `plain`.
    """

    keys: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    owner: npt.NDArray[np.int32]
    sums: npt.NDArray[np.int64]


def new_scratch(entities: npt.NDArray[np.int32], edge_offsets: npt.NDArray[np.int64]) -> Scratch:
    """Work space for these entities and links; the kernel would take longer to compile if it made it."""
    links = int(np.diff(edge_offsets).max(initial=0)) + 1
    width = int((entities[:, 1] - entities[:, 0]).max(initial=0)) + 1
    rows = np.empty((5, max(links, width)), np.int32)
    owner, sums = np.full(MOST_WORDS + 1, -1, np.int32), np.empty((MOST_ENTITIES, 6), np.int64)
    return Scratch(np.empty(links, np.int64), rows, owner, sums)


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
    added: int = 1 if covered else 2 * (end - begin)
    if not covered:
        return added
    for y in range(begin, end):
        added += rows[3, y] < a
    return added


@helper
def put(spans: Array, at: int, start: int, end: int, label: int, entity: int) -> None:
    """Write a span."""
    spans[at, 0], spans[at, 1], spans[at, 2], spans[at, 3] = start, end, label, entity


@helper
def overlaps(spans: Array, first: int, last: int) -> bool:
    """Whether span ``last`` overlaps one of those from ``first`` on."""
    found = False
    for y in range(first, last):
        found |= spans[y, 0] < spans[last, 1] and spans[y, 1] > spans[last, 0]
    return found


@kernel(
    I64, IN_I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_BOOL, IN_I64, I64, BOOL, BOOL,
    OUT_I64, OUT_I32_2D, OUT_I32, OUT_I64_2D, OUT_I32_2D, OUT_F64, OUT_I64, OUT_I8,
)  # fmt: skip
def score_ranges(
    sentences: Array, entities: Array, entity_offsets: Array, edges: Array, edge_offsets: Array,
    stop: Array, stop_offsets: Array, max_length: int, covered: bool, only_best: bool,
    keys: Array, rows: Array, owner: Array, sums: Array,
    spans: Array, scores: Array, offsets: Array, status: Array,
) -> int:  # fmt: skip
    """Score the candidates of the listed sentences; returns their number, or ``-1 - b`` if b has a bad link.

    ``spans`` ``(P, 4)``: start, end, label, entity. With ``only_best``, each entity's best candidate alone; where
    these overlap, the sentence's status becomes `HANDED_OVER` and it gets none. Otherwise all, as far as there
    is room.
    """
    total = offsets[0] = 0
    for h in range(sentences.size):
        b = sentences[h]
        begin, end, links, links_end = entity_offsets[b], entity_offsets[b + 1], edge_offsets[b], edge_offsets[b + 1]
        word, word_end = stop_offsets[b], stop_offsets[b + 1]
        here, reach = total, 0
        status[h] = OPTIMAL
        summed = only_best and begin < end and own_words(entities, begin, end, owner, sums)
        if summed:
            sum_links(edges, links, links_end, begin, end - begin, stop, word, word_end, owner, keys, sums)
        for x in range(begin, end):
            e, width = np.uint64(x - begin), entities[x, 1] - entities[x, 0]
            best, count = 0.0, 0
            if summed and is_plain(sums, e, max_length, covered):
                best = scores[total] = 2 * sums[e, COUNT] / (width + sums[e, COUNT])
                put(spans, total, sums[e, LOW], sums[e, HIGH] + 1, entities[x, 2], e)
            else:
                found = collect(entities[x, 0], entities[x, 1], edges, links, links_end, keys)
                if found == 0:
                    continue
                if keys[0] < 0 or keys[found - 1] >> 32 >= word_end - word:
                    bad: int = -1 - b
                    return bad
                count = group(width, found, keys, stop, word, rows)
            for a in range(count):
                numerator = 0
                for z in range(a, count):
                    length = rows[0, z] - rows[0, a] + 1
                    if length > max_length or rows[1, z] != rows[1, a]:
                        break
                    numerator += gain(rows, a, z, covered)
                    score = numerator / (width + length)
                    if only_best and score <= best:
                        continue
                    best = score
                    if total < scores.size:
                        scores[total] = score
                        put(spans, total, rows[0, a], rows[0, z] + 1, entities[x, 2], e)
                    total += not only_best
            if only_best and best > 0.0:
                if spans[total, 0] < reach and overlaps(spans, here, total):
                    status[h] = HANDED_OVER
                reach = max(reach, spans[total, 1])
                total += 1
        if status[h] == HANDED_OVER:
            total = here
        offsets[h + 1] = total
    return total
