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
    splice,
)

Score = Literal["pairs", "covered"]
Solver = Literal["greedy", "exact"]


class Links(NamedTuple):
    """The links of one entity, grouped by target word (scratch).

    ``words`` ``(N,)``: aligned target words, ascending; ``segment`` ``(N,)``: stop words before each;
    ``begin`` ``(N + 1,)``: offsets into ``previous`` ``(A,)``, which holds, per link, the index in ``words`` of
    the last word linked to the same source word before, or -1. The rest is used while these are built.
    """

    words: npt.NDArray[np.int32]
    segment: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int32]
    previous: npt.NDArray[np.int32]
    cursor: npt.NDArray[np.int32]
    found: npt.NDArray[np.int32]
    grouped: npt.NDArray[np.int32]
    seen: npt.NDArray[np.int32]


@helper
def new_links(
    entities: npt.NDArray[np.int32], edge_offsets: npt.NDArray[np.int64], target_lengths: npt.NDArray[np.int32]
) -> Links:
    """Allocate scratch for the largest entity and sentence of the batch."""
    words = links = length = np.int64(1)
    for b in range(target_lengths.size):
        words = max(words, np.int64(target_lengths[b]))
        links = max(links, edge_offsets[b + 1] - edge_offsets[b])
    for x in range(entities.shape[0]):
        length = max(length, np.int64(entities[x, 1] - entities[x, 0]))
    return Links(
        np.empty(words, np.int32),
        np.empty(words, np.int32),
        np.empty(words + 1, np.int32),
        np.empty(links, np.int32),
        np.zeros(words, np.int32),
        np.empty(links, np.int32),
        np.empty(links, np.int32),
        np.empty(length, np.int32),
    )


@helper
def gather(
    first: int,
    last: int,
    edges: npt.NDArray[np.int32],
    edge_begin: int,
    edge_end: int,
    stop: npt.NDArray[np.bool_],
    stop_begin: int,
    words: int,
    links: Links,
) -> int:
    """Group the links of the entity ``[first, last)`` by target word; duplicates count once.

    Returns the number of aligned words, stop words left out, or -1 where a target word does not exist.
    """
    cursor = links.cursor
    hits = 0
    low, high = words, -1
    for x in range(edge_begin, edge_end):
        if first <= edges[x, 0] < last:
            t = edges[x, 1]
            if t < 0 or t >= words:
                return -1
            if not stop[stop_begin + t]:
                cursor[t] += 1
                links.found[hits] = x
                hits += 1
                low, high = min(low, t), max(high, t)
    count = position = stops = 0
    for t in range(low, high + 1):
        if stop[stop_begin + t]:
            stops += 1
        elif cursor[t] > 0:
            links.words[count] = t
            links.segment[count] = stops
            links.begin[count] = position
            position += cursor[t]
            cursor[t] = links.begin[count]
            count += 1
    links.begin[count] = position
    for h in range(hits):
        t = edges[links.found[h], 1]
        links.grouped[cursor[t]] = edges[links.found[h], 0] - first
        cursor[t] += 1
    for t in range(low, high + 1):
        cursor[t] = 0
    link_previous(last - first, count, links)
    return count


@helper
def link_previous(length: int, count: int, links: Links) -> None:
    """Fill ``links.previous``, dropping duplicate links."""
    for s in range(length):
        links.seen[s] = -1
    kept = 0
    for w in range(count):
        group = links.begin[w]
        links.begin[w] = kept
        for y in range(group, links.begin[w + 1]):
            s = links.grouped[y]
            if links.seen[s] != w:
                links.previous[kept] = links.seen[s]
                links.seen[s] = w
                kept += 1
    links.begin[count] = kept


@helper
def gain(links: Links, a: int, b: int, covered: bool) -> int:
    """What word ``b`` adds to the numerator of the candidate that starts at word ``a``."""
    if not covered:
        return 2 * (links.begin[b + 1] - links.begin[b])
    added = 1
    for y in range(links.begin[b], links.begin[b + 1]):
        if links.previous[y] < a:
            added += 1
    return added


@kernel(I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I32, IN_BOOL, I64, BOOL, OUT_I32_2D, OUT_F64, OUT_I64, OUT_I8)
def _project(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
    stop: npt.NDArray[np.bool_],
    max_length: int,
    covered: bool,
    spans: npt.NDArray[np.int32],
    scores: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    status: npt.NDArray[np.int8],
) -> int:
    """Each entity's best candidate; `HANDED_OVER` where these overlap. Returns -1, or a sentence with a bad link."""
    links = new_links(entities, edge_offsets, target_lengths)
    total = stop_begin = 0
    for b in range(target_lengths.size):
        words = np.int64(target_lengths[b])
        here = total
        status[b] = OPTIMAL
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            first, last = entities[x, 0], entities[x, 1]
            count = gather(first, last, edges, edge_offsets[b], edge_offsets[b + 1], stop, stop_begin, words, links)
            if count < 0:
                return b
            best = 0.0
            for a in range(count):
                numerator = 0
                start = links.words[a]
                for z in range(a, count):
                    length = links.words[z] - start + 1
                    if length > max_length or links.segment[z] != links.segment[a]:
                        break
                    numerator += gain(links, a, z, covered)
                    score = numerator / (last - first + length)
                    if score > best:
                        best = score
                        spans[total, 0] = start
                        spans[total, 1] = start + length
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
        stop_begin += words
        offsets[b + 1] = total
    return -1


@kernel(
    I64, IN_I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I32, IN_BOOL, IN_I64, I64, BOOL,
    OUT_I32, OUT_I32, OUT_I32, OUT_F64, OUT_I64,
)  # fmt: skip
def _enumerate(
    sentences: npt.NDArray[np.int64],
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    target_lengths: npt.NDArray[np.int32],
    stop: npt.NDArray[np.bool_],
    stop_offsets: npt.NDArray[np.int64],
    max_length: int,
    covered: bool,
    entity: npt.NDArray[np.int32],
    start: npt.NDArray[np.int32],
    end: npt.NDArray[np.int32],
    score: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
) -> int:
    """All scored candidates of the listed sentences; with empty outputs, only their number."""
    links = new_links(entities, edge_offsets, target_lengths)
    total = 0
    for h in range(sentences.size):
        b = sentences[h]
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            first, last = entities[x, 0], entities[x, 1]
            count = gather(
                first, last, edges, edge_offsets[b], edge_offsets[b + 1], stop, stop_offsets[b],
                np.int64(target_lengths[b]), links,
            )  # fmt: skip
            for a in range(count):
                numerator = 0
                for z in range(a, count):
                    length = links.words[z] - links.words[a] + 1
                    if length > max_length or links.segment[z] != links.segment[a]:
                        break
                    if total < entity.size:
                        numerator += gain(links, a, z, covered)
                        entity[total] = x - entity_offsets[b]
                        start[total] = links.words[a]
                        end[total] = links.words[a] + length
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
    own = np.repeat(np.isin(np.arange(status.size), hard), np.diff(entity_offsets))
    own_offsets = np.concatenate([[0], np.cumsum(np.diff(entity_offsets)[hard])])
    if solver == "greedy":
        part = match_greedy(entities[own], own_offsets, ranges, target_lengths[hard])
    else:
        part = match_exact(
            entities[own], own_offsets, ranges, target_lengths[hard], bits_cap=bits_cap, work_cap=work_cap
        )
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
