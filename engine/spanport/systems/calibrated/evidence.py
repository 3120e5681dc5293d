"""Candidates of each entity and what speaks for and against them, as one matrix for a whole batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spanport.encoding.label import Readings
from spanport.matching.batch import PairBatch
from spanport.ports import BoolArray, Int64
from spanport.systems.calibrated.columns import (
    EntityLinks,
    Float64,
    Ranges,
    link_columns,
    shape_columns,
    spread,
    view_columns,
)
from spanport.systems.calibrated.letters import Words
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.view import View

MOST_CANDIDATES = 5_000
"""Most candidates of a pair that are weighed."""


class Evidence(NamedTuple):
    """Candidates, and float64 (C, features): the columns of `NAMES`."""

    ranges: Ranges
    matrix: Float64


def gather(batch: PairBatch, max_length: int, view: View | None, suggested: BoolArray | None = None) -> Evidence:
    """Candidates and evidence of a batch.

    max_length: longest candidate in words; view: the classifier's, None to leave it out (its candidates and its
    columns); suggested: bool (entities,), see `suggest`.
    """
    if suggested is None:
        suggested = np.zeros(len(batch.entities), np.bool_)
    source, target = Words.of([work.source for work in batch.works]), Words.of([work.target for work in batch.works])
    own = _links_of_entities(batch)
    ranges = _candidates(batch, max_length, source, target, own, view)
    columns = link_columns(batch, ranges, own, source, target, suggested)
    columns |= shape_columns(ranges, target, np.array(batch.labels, str)[batch.entities[ranges.entity, 2]])
    if view is not None:
        columns |= view_columns(batch, ranges, view)
        columns["suggested"] = suggested[ranges.entity]
        columns["inside_times_coverage"] = columns["inside"] * columns["coverage"]
        columns["same_times_coverage"] = columns["same"] * columns["coverage"]
    matrix = np.stack([columns[name] for name in NAMES[view is not None]], axis=1).astype(np.float64)
    return Evidence(ranges, matrix)


def _links_of_entities(batch: PairBatch) -> EntityLinks:
    """Which links start inside each entity."""
    pair = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets))
    entity, at = spread(np.diff(batch.edge_offsets)[pair])
    at = batch.edge_offsets[pair[entity]] + at
    word = batch.edges[at, 0]
    inside = (word >= batch.entities[entity, 0]) & (word < batch.entities[entity, 1])
    counts = np.bincount(entity[inside], minlength=len(batch.entities))
    return EntityLinks(at[inside], np.concatenate([[0], np.cumsum(counts)]))


def _candidates(
    batch: PairBatch, max_length: int, source: Words, target: Words, own: EntityLinks, view: View | None
) -> Ranges:
    """Ranges whose ends are linked to the entity, ranges with its very words, and spans the classifier reads.

    Of a pair with more than `MOST_CANDIDATES` each entity keeps its share: those that are read or repeat its words
    first, then those of the largest coverage.
    """
    from spanport_kernels.ngram import Problem, ngram_ranges

    stop = np.zeros(int(batch.target_lengths.sum()), np.bool_)
    problem = Problem(
        batch.entities, batch.entity_offsets, batch.edges, batch.edge_offsets, batch.target_lengths, stop
    )
    found = ngram_ranges(np.arange(batch.target_lengths.size), problem, max_length=max_length, score="covered")
    first = np.repeat(batch.entity_offsets[:-1], np.diff(found.offsets))
    rows = [_very_words(batch, source, target)]
    rows += [_readings(batch, own, read, view, max_length) for read in (view.sure, view.doubtful)] if view else []
    rows.append(np.stack([first + found.entity, found.start, found.end], axis=1))
    flat = np.concatenate(rows).astype(np.int64)
    base = int(batch.target_lengths.max(initial=0)) + 1
    _, at = np.unique((flat[:, 0] * base + flat[:, 1]) * base + flat[:, 2], return_index=True)
    unique = flat[at]
    pair = np.searchsorted(batch.entity_offsets, unique[:, 0], side="right") - 1
    if np.bincount(pair, minlength=1).max() > MOST_CANDIDATES:
        merit = np.concatenate([np.full(len(flat) - len(found.score), 2.0), found.score])[at]
        kept = _best(batch, pair, unique[:, 0], merit)
        unique, pair = unique[kept], pair[kept]
    return Ranges(pair, unique[:, 0], unique[:, 1], unique[:, 2])


def _best(batch: PairBatch, pair: Int64, entity: Int64, merit: Float64) -> Int64:
    """The candidates that are kept, ascending: of pairs with too many each entity's best, the first of equal ones."""
    crowded = np.bincount(pair, minlength=batch.target_lengths.size) > MOST_CANDIDATES
    shares = MOST_CANDIDATES // np.maximum(np.diff(batch.entity_offsets), 1)
    order = np.lexsort((-merit, entity))
    rank = np.arange(len(entity)) - np.searchsorted(entity[order], entity[order])
    return np.sort(order[~crowded[pair[order]] | (rank < shares[pair[order]])])


def _readings(batch: PairBatch, own: EntityLinks, read: Readings, view: View, max_length: int) -> Int64:
    """Spans read on the targets, for each entity that is linked into them or not at all: entity, start, end."""
    pair = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets))
    bounds = np.searchsorted(read.sentence, np.arange(batch.target_lengths.size + 1))
    entity, at = spread(np.diff(bounds)[pair])
    reading = bounds[pair[entity]] + at
    before = view.target_offsets[pair[entity]]
    start, end = read.start[reading] - before, read.end[reading] - before
    base = int(batch.target_lengths.max(initial=0)) + 1
    owner = np.repeat(np.arange(len(batch.entities)), np.diff(own.offsets))
    linked = np.sort(owner * base + batch.edges[own.rows, 1])
    inside = np.searchsorted(linked, entity * base + end) > np.searchsorted(linked, entity * base + start)
    near = ((np.diff(own.offsets)[entity] == 0) | inside) & (end - start <= max_length)
    return np.stack([entity[near], start[near], end[near]], axis=1)


def _very_words(batch: PairBatch, source: Words, target: Words) -> Int64:
    """Ranges of the target with the very words of an entity: entity, start, end."""
    found = []
    pair = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets))
    for x, (b, (first, last, _)) in enumerate(zip(pair.tolist(), batch.entities.tolist(), strict=True)):
        starts = _occurrences(source.texts[b][first:last], target.texts[b])
        found += [(x, i, i + last - first) for i in starts]
    return np.array(found, np.int64).reshape(-1, 3)


def _occurrences(phrase: list[str], words: list[str]) -> list[int]:
    if phrase[0] not in words:
        return []
    n = len(phrase)
    return [i for i in range(len(words) - n + 1) if words[i] == phrase[0] and words[i : i + n] == phrase]
