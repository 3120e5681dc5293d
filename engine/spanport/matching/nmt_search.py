"""Matching by the NMT score without scoring every candidate.

The four parts of ``(s(a|b) / s(a|a) + s(b|a) / s(b|b)) / 2`` cost a forced translation each. So every candidate first
gets an upper bound from few of them, the matching is solved as if the bounds were scores, and only what it picks is
looked at more closely, until all it picks has been scored: a matching that is best under upper bounds and uses exact
scores alone is best, greedily or exactly. A candidate is looked at in steps (`spanport.matching.nmt_bounds` has the
slacks and what they were measured on):

- ``s(a|b)`` from the words of b, and from pairs of words where a has several: each token of a is about as likely as
  from the part of b that makes it likeliest. Of single words, and of the pairs, that is the score itself.
- ``s(b|a) / s(b|b)`` from windows of a few words, forced out of a and out of themselves: their leading tokens are
  b's, only its end token is not known. Given s(b|b) and an end token of probability 1, that of a single word is a
  true bound.
- One of the two parts, then the other. Of s(b|a) / s(b|b) first the numerator, for windows tell enough of s(b|b).

A better candidate is missed only where a slack is too little; ``benchmarks/nmt.py`` measures how often.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.matching.batch import PairBatch
from spanport.matching.nmt import NmtScorer
from spanport.matching.nmt_cells import NmtCells
from spanport.ports import Int64
from spanport_kernels.matching import FEASIBLE, OPTIMAL, Matching, Ranges, select, select_ranges

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.scores import Scores

Solve = Callable[[npt.NDArray[np.int32], Int64, Ranges, npt.NDArray[np.int32]], Matching]
"""`spanport.matching.solve.solve` with its options bound: entities, their offsets, ranges, target lengths."""

MOST_AHEAD = 6
"""Most of the best candidates of an entity that are looked at together with the one picked."""

TOGETHER = 96
"""Candidates that are looked at together where there are so many: small batches cost more."""


class LazyNmt:
    """The matching of a batch by ``base + weight * NMT score``, for scores above a threshold.

    base: float64 (C,), the other parts of the score of each of the cells.
    """

    def __init__(
        self,
        batch: PairBatch,
        candidates: Candidates,
        base: Scores | None,
        scorer: NmtScorer,
        *,
        weight: float = 1.0,
        threshold: float = 0.1,
    ) -> None:
        self.batch, self.weight, self.threshold = batch, weight, threshold
        self.cells = cells = NmtCells(batch, candidates, scorer)
        self.base = np.zeros(len(cells.pair))
        if base is not None:
            owner, width = np.repeat(np.arange(len(batch)), np.diff(base.offsets)), np.diff(candidates.offsets)
            within = base.entity.astype(np.int64) * width[owner] + base.candidate
            self.base[cells.offsets[owner] + within] = base.score

    def solve(self, solve: Solve, *, prune: bool) -> Matching:
        """The best matching; every cell is scored unless ``prune``.

        Where cells stay unscored, "optimal" becomes "feasible": their bounds rest on assumptions.
        """
        cells = self.cells
        if not prune:
            every = np.arange(len(cells.pair))
            cells.score_forward(every)
            cells.score_backward(every)
            return self._matching(solve, np.arange(len(self.batch)))
        cells.bound()
        active = np.flatnonzero(np.diff(cells.offsets) > 0)
        while active.size:
            picked = self._picked(self._matching(solve, active), active)
            open_cells = picked[~cells.known[picked] & (cells.nmt[picked] > self.threshold)]
            cells.advance(self._with_next_best(open_cells))
            active = np.unique(cells.pair[open_cells])
        found = self._matching(solve, np.arange(len(self.batch)))
        guessed = np.bincount(cells.pair[~cells.known], minlength=len(self.batch)) > 0
        status = np.where(guessed & (found.status == OPTIMAL), FEASIBLE, found.status).astype(np.int8)
        return found._replace(status=status)

    def _matching(self, solve: Solve, pairs: Int64) -> Matching:
        cells, nmt = self.cells, self.cells.nmt
        scores = self.base + self.weight * np.where(nmt > self.threshold, nmt, 0.0)
        entity, start, end = (column.astype(np.int32) for column in (cells.entity, cells.start, cells.end))
        entities, offsets = select(self.batch.entities, self.batch.entity_offsets, pairs)
        ranges = select_ranges(Ranges(entity, start, end, scores, cells.offsets), pairs)
        return solve(entities, offsets, ranges, self.batch.target_lengths[pairs])

    def _picked(self, found: Matching, pairs: Int64) -> Int64:
        """The cells behind the spans of a matching."""
        rows = np.repeat(pairs, np.diff(found.offsets))
        cells = self.cells
        keys = cells.keys(cells.pair, cells.entity, cells.start, cells.end)
        wanted = cells.keys(rows, found.spans[:, 3], found.spans[:, 0], found.spans[:, 1])
        return np.searchsorted(keys, wanted)

    def _with_next_best(self, picked: Int64) -> Int64:
        """The picked cells, each with the most promising open ones of its entity."""
        ahead = min(MOST_AHEAD, TOGETHER // max(len(picked), 1))
        cells, nmt, known, out = self.cells, self.cells.nmt, self.cells.known, [picked]
        for cell in picked.tolist():
            here = slice(cells.offsets[cells.pair[cell]], cells.offsets[cells.pair[cell] + 1])
            own = (
                np.flatnonzero((cells.entity[here] == cells.entity[cell]) & (nmt[here] > self.threshold)) + here.start
            )
            total, done = self.base[own] + self.weight * nmt[own], known[own]
            best = total[done].max(initial=0.0)  # what cannot beat it is looked at only if picked
            own, total = own[~done], total[~done]
            some = max(1, min(ahead, np.count_nonzero(total > best)))
            out.append(own[np.argsort(-total, kind="stable")[:some]])
        return np.unique(np.concatenate(out))
