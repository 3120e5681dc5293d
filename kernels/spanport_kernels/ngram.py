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

from spanport_kernels import fused
from spanport_kernels.matching import (
    HANDED_OVER,
    OPEN_BITS_CAP,
    UNLIMITED,
    WORK_CAP,
    Matching,
    Ranges,
    match_exact,
    match_greedy,
    select,
    splice,
)
from spanport_kernels.ragged import as_array, check_edges, check_entities, check_same_batch

Score = Literal["pairs", "covered"]
Solver = Literal["greedy", "exact"]


class Problem(NamedTuple):
    """A ragged batch to project; made and checked by `problem`.

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


def problem(
    entities: npt.ArrayLike,
    entity_offsets: npt.ArrayLike,
    edges: npt.ArrayLike,
    edge_offsets: npt.ArrayLike,
    target_lengths: npt.ArrayLike,
    stop_mask: npt.ArrayLike | None = None,
) -> Problem:
    """Arrays as in `Problem`, converted and checked; raises ValueError where they do not fit together."""
    rows, row_offsets = check_entities(entities, entity_offsets)
    links, link_offsets = check_edges(edges, edge_offsets)
    lengths = as_array(target_lengths, np.int32, "target_lengths")
    check_same_batch("entity_offsets", row_offsets, "edge_offsets", link_offsets)
    words = int(lengths.sum())
    stop = np.zeros(words, np.bool_) if stop_mask is None else as_array(stop_mask, np.bool_, "stop_mask")
    if lengths.size != row_offsets.size - 1 or stop.size != words:
        raise ValueError(
            f"target_lengths gives {lengths.size} sentences of {words} words, expected {row_offsets.size - 1} "
            f"as entity_offsets does, and {stop.size} as stop_mask does"
        )
    return Problem(rows, row_offsets, links, link_offsets, lengths, stop)


def project_ngram(
    entities: npt.ArrayLike,
    entity_offsets: npt.ArrayLike,
    edges: npt.ArrayLike,
    edge_offsets: npt.ArrayLike,
    target_lengths: npt.ArrayLike,
    stop_mask: npt.ArrayLike | None = None,
    *,
    max_length: int = 10,
    score: Score = "pairs",
    solver: Solver = "exact",
    bits_cap: int = OPEN_BITS_CAP,
    work_cap: int = WORK_CAP,
) -> Matching:
    """Project entities over word links onto n-gram candidates, at most one span per entity.

    Arrays as in `Problem`; ``max_length`` words per candidate, 0 is unlimited. ``score``: ``pairs`` is
    ``2 * links inside / (entity length + candidate length)``, as published; ``covered`` counts linked words of
    either side instead of links and never exceeds 1. Raises ValueError for arrays that do not fit together and for
    links of an entity to target words that do not exist.
    """
    batch = problem(entities, entity_offsets, edges, edge_offsets, target_lengths, stop_mask)
    everything = np.arange(batch.target_lengths.size)
    matching = _score(everything, batch, max_length, score, only_best=True, room=len(batch.entities))
    hard = np.flatnonzero(matching.status == HANDED_OVER)
    if not hard.size:
        return matching
    ranges = ngram_ranges(hard, batch, max_length=max_length, score=score)
    own, own_offsets = select(batch.entities, batch.entity_offsets, hard)
    if solver == "greedy":
        part = match_greedy(own, own_offsets, ranges, batch.target_lengths[hard])
    else:
        part = match_exact(own, own_offsets, ranges, batch.target_lengths[hard], bits_cap=bits_cap, work_cap=work_cap)
    return splice(matching, hard, part)


def ngram_ranges(
    sentences: npt.NDArray[np.int64], batch: Problem, *, max_length: int = 10, score: Score = "pairs"
) -> Ranges:
    """The candidates that `project_ngram` looks at, scored, for the listed sentences of a batch."""
    found = _score(sentences, batch, max_length, score, only_best=False, room=0)
    if len(found.scores):
        found = _score(sentences, batch, max_length, score, only_best=False, room=len(found.scores))
    start, end, _, entity = np.ascontiguousarray(found.spans.T)
    return Ranges(entity, start, end, found.scores, found.offsets)


def _score(
    sentences: npt.NDArray[np.int64], batch: Problem, max_length: int, score: Score, *, only_best: bool, room: int
) -> Matching:
    """Candidates of the listed sentences, each entity's best or all; where ``room`` is too small, unfilled."""
    spans, scores = np.empty((room, 4), np.int32), np.empty(room)
    offsets, status = np.empty(sentences.size + 1, np.int64), np.empty(sentences.size, np.int8)
    stop_offsets = np.concatenate([[0], np.cumsum(batch.target_lengths)])
    scratch = fused.new_scratch(batch.entities, batch.edge_offsets)
    total = fused.score_ranges(
        sentences, batch.entities, batch.entity_offsets, batch.edges, batch.edge_offsets, batch.stop, stop_offsets,
        max_length or UNLIMITED, score == "covered", only_best, *scratch, spans, scores, offsets, status,
    )  # fmt: skip
    if total < 0:
        bad = -1 - total
        raise ValueError(
            f"sentence {bad}: a link names a target word outside 0..{batch.target_lengths[bad] - 1}; drop such links"
        )
    if total > room:
        return Matching(np.empty((total, 4), np.int32), np.empty(total), offsets, status)
    return Matching(spans[:total], scores[:total], offsets, status)
