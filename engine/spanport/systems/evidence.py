"""Candidates of each entity and what speaks for and against them, as one matrix for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spanport.ports import BoolArray
from spanport.stages.batch import PairBatch
from spanport.systems.evidence_links import LINK_EVIDENCE, link_columns
from spanport.systems.evidence_ragged import Float64, Ranges, words_of
from spanport.systems.evidence_shape import SHAPE_EVIDENCE, shape_columns
from spanport.systems.evidence_view import VIEW_EVIDENCE, view_columns
from spanport.systems.suggest import DOUBT, read


class Evidence(NamedTuple):
    """Candidates, and float64 (C, features): the columns of `names_of`."""

    ranges: Ranges
    matrix: Float64


def names_of(view: bool) -> tuple[str, ...]:
    """The names of the evidence, with or without the classifier's view."""
    return LINK_EVIDENCE + SHAPE_EVIDENCE + (VIEW_EVIDENCE if view else ())


def gather(
    batch: PairBatch, max_length: int, tags: Sequence[str] | None, suggested: BoolArray | None = None
) -> Evidence:
    """Candidates and evidence of a batch.

    max_length: longest candidate in words; tags: names of the columns of the jobs' probabilities, None to leave the
    classifier's view out (its candidates and its columns); suggested: bool (entities,), see `suggest`.
    """
    if suggested is None:
        suggested = np.zeros(len(batch.entities), np.bool_)
    ranges = _candidates(batch, max_length, tags)
    target = words_of(batch.jobs, "target")
    columns = link_columns(batch, ranges, words_of(batch.jobs, "source"), target, suggested)
    columns |= shape_columns(ranges, target, [batch.labels[k] for k in batch.entities[ranges.entity, 2].tolist()])
    if tags is not None:
        columns |= view_columns(batch, ranges, target, tags)
        columns["suggested"] = suggested[ranges.entity]
        columns["inside_times_coverage"] = columns["inside"] * columns["coverage"]
        columns["same_times_coverage"] = columns["same"] * columns["coverage"]
    matrix = np.stack([columns[name] for name in names_of(tags is not None)], axis=1).astype(np.float64)
    return Evidence(ranges, matrix)


def _candidates(batch: PairBatch, max_length: int, tags: Sequence[str] | None) -> Ranges:
    """Ranges whose ends are linked to the entity, ranges with its very words, and spans the classifier reads."""
    from spanport_kernels.ngram import Problem, ngram_ranges

    stop = np.zeros(int(batch.target_lengths.sum()), np.bool_)
    problem = Problem(
        batch.entities, batch.entity_offsets, batch.edges, batch.edge_offsets, batch.target_lengths, stop
    )
    found = ngram_ranges(np.arange(len(batch)), problem, max_length=max_length, score="covered")
    first = np.repeat(batch.entity_offsets[:-1], np.diff(found.offsets))
    linked = np.stack([first + found.entity, found.start, found.end], axis=1)
    further = []
    for b, job in enumerate(batch.jobs):
        words, source = job.target.word_texts(), job.source.word_texts()
        seen = dict.fromkeys(
            (i, j) for doubt in (1.0, DOUBT) for i, j, _ in read(job.probabilities, tags or (), doubt)
        )
        for x in range(int(batch.entity_offsets[b]), int(batch.entity_offsets[b + 1])):
            begin, stop_at, _ = batch.entities[x].tolist()
            further += [(x, i, i + stop_at - begin) for i in _occurrences(source[begin:stop_at], words)]
            own = {j for i, j in job.links.tolist() if begin <= i < stop_at}
            near = [(i, j) for i, j in seen if not own or any(i <= w < j for w in own)]
            further += [(x, i, j) for i, j in near if j - i <= max_length]
    rows = np.concatenate([linked, np.array(further, np.int64).reshape(-1, 3)]).astype(np.int64)
    rows = np.unique(rows, axis=0)
    pair = np.searchsorted(batch.entity_offsets, rows[:, 0], side="right") - 1
    return Ranges(pair, rows[:, 0], rows[:, 1], rows[:, 2])


def _occurrences(phrase: list[str], words: list[str]) -> list[int]:
    if phrase[0] not in words:
        return []
    n = len(phrase)
    return [i for i in range(len(words) - n + 1) if words[i] == phrase[0] and words[i : i + n] == phrase]
