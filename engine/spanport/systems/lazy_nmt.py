"""Matching by the NMT score without scoring every candidate.

Of a pair (a, b) the score's four parts cost a forced translation each. So every candidate first gets an upper bound,
the matching is solved as if the bounds were scores, and only candidates that it picks are scored, until all it picks
are: a matching that is best under upper bounds and uses exact scores alone is best, greedily or exactly.

The bound of ``(s(a|b) / s(a|a) + s(b|a) / s(b|b)) / 2``: one forced translation of the longest n-gram from each start
gives the log-probabilities of all n-grams from there, their end tokens (at most 0) aside: a true bound of ``s(b|a)``.
``s(b|b)`` is estimated from copying the whole sentence, and ``s(a|b) / s(a|a)`` is taken to be at most 1 (nothing
makes a likelier than a itself), both with a factor `SLACK`: there, and only there, a better candidate can be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.ports import Int64
from spanport.stages.batch import PairBatch
from spanport.stages.nmt import NmtScorer, Phrase, pieces
from spanport.systems.detokenize import phrase, running_text
from spanport_kernels.matching import FEASIBLE, OPTIMAL, Matching, Ranges, select, select_ranges

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.scores import Scores

Float64 = npt.NDArray[np.float64]
Solve = Callable[[npt.NDArray[np.int32], Int64, Ranges, npt.NDArray[np.int32]], Matching]
"""`spanport.stages.solve.solve` with its options bound: entities, their offsets, ranges, target lengths."""

SLACK = 1.25
"""Factor by which the two assumptions of the bound may be off; see the module."""

AHEAD = 8
"""Best candidates of an entity that are scored together with the one picked."""


class LazyNmt:
    """The cells (entity, candidate) of a batch, with what is known of their NMT scores.

    entity, start, end: int64 (C,), sorted by pair, entity, start, end, ``offsets`` int64 (B + 1,); base: float64
    (C,), the other parts of the score; nmt: float64 (C,), a bound or, where ``exact``, the score.
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
        self.batch, self.scorer, self.weight, self.threshold = batch, scorer, weight, threshold
        counts = np.diff(batch.entity_offsets) * np.diff(candidates.offsets)
        self.offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        width = np.diff(candidates.offsets)
        self.pair = np.repeat(np.arange(len(batch)), counts)
        within = np.arange(self.offsets[-1]) - self.offsets[self.pair]
        self.entity = within // np.maximum(width[self.pair], 1)
        candidate = candidates.offsets[self.pair] + within % np.maximum(width[self.pair], 1)
        self.start, self.end = candidates.ranges[candidate].T.astype(np.int64)
        self.base = np.zeros(len(self.pair))
        if base is not None:
            owner = np.repeat(np.arange(len(batch)), np.diff(base.offsets))
            self.base[self.offsets[owner] + base.entity.astype(np.int64) * width[owner] + base.candidate] = base.score
        self.nmt = np.full(len(self.pair), np.inf)
        self.exact = np.zeros(len(self.pair), np.bool_)

    def solve(self, solve: Solve, *, prune: bool) -> Matching:
        """The best matching; every cell is scored unless ``prune``.

        Where cells stay unscored, "optimal" becomes "feasible": their bounds rest on assumptions.
        """
        if not prune:
            self._score(np.arange(len(self.pair)))
            return self._matching(solve, np.arange(len(self.batch)))
        self.nmt = self._bounds()
        active = np.flatnonzero(np.diff(self.offsets) > 0)
        while active.size:
            picked = self._picked(self._matching(solve, active), active)
            open_cells = picked[~self.exact[picked] & (self.nmt[picked] > self.threshold)]
            self._score(self._with_next_best(open_cells))
            active = np.unique(self.pair[open_cells])
        found = self._matching(solve, np.arange(len(self.batch)))
        guessed = np.bincount(self.pair[~self.exact], minlength=len(self.batch)) > 0
        status = np.where(guessed & (found.status == OPTIMAL), FEASIBLE, found.status).astype(np.int8)
        return found._replace(status=status)

    def _matching(self, solve: Solve, pairs: Int64) -> Matching:
        nmt = np.where(self.nmt > self.threshold, self.nmt, 0.0)
        entity, start, end = (column.astype(np.int32) for column in (self.entity, self.start, self.end))
        ranges = Ranges(entity, start, end, self.base + self.weight * nmt, self.offsets)
        entities, offsets = select(self.batch.entities, self.batch.entity_offsets, pairs)
        return solve(entities, offsets, select_ranges(ranges, pairs), self.batch.target_lengths[pairs])

    def _picked(self, found: Matching, pairs: Int64) -> Int64:
        """The cells behind the spans of a matching."""
        rows = np.repeat(pairs, np.diff(found.offsets))
        keys = self._keys(self.pair, self.entity, self.start, self.end)
        wanted = self._keys(rows, found.spans[:, 3], found.spans[:, 0], found.spans[:, 1])
        return np.searchsorted(keys, wanted)

    def _keys(self, pair: Int64, *parts: npt.NDArray[np.int32] | Int64) -> Int64:
        base = (
            int(max(self.batch.target_lengths.max(initial=0), np.diff(self.batch.entity_offsets).max(initial=0))) + 1
        )
        for part in parts:
            pair = pair * base + part
        return pair

    def _with_next_best(self, cells: Int64) -> Int64:
        """The cells, each with the most promising open ones of its entity."""
        out = [cells]
        for cell in cells.tolist():
            here = slice(self.offsets[self.pair[cell]], self.offsets[self.pair[cell] + 1])
            own = np.flatnonzero((self.entity[here] == self.entity[cell]) & ~self.exact[here]) + here.start
            total = self.base[own] + self.weight * self.nmt[own]
            out.append(own[np.argsort(-total, kind="stable")[:AHEAD]])
        return np.unique(np.concatenate(out))

    def _score(self, cells: Int64) -> None:
        self.nmt[cells] = self.scorer.similarity([(self._entity(c), self._candidate(c)) for c in cells.tolist()])
        self.exact[cells] = True

    def _entity(self, cell: int) -> Phrase:
        pair = int(self.pair[cell])
        first, last, _ = self.batch.entities[self.batch.entity_offsets[pair] + self.entity[cell]].tolist()
        source = self.batch.jobs[pair].source
        return Phrase(phrase(source, first, last), source.language)

    def _candidate(self, cell: int) -> Phrase:
        return self._target(int(self.pair[cell]), int(self.start[cell]), int(self.end[cell]))

    def _target(self, pair: int, start: int, end: int) -> Phrase:
        target = self.batch.jobs[pair].target
        return Phrase(phrase(target, start, end), target.language)

    def _bounds(self) -> Float64:
        """Upper bounds of all cells, float64 (C,); see the module."""
        groups = self._starts()
        longest = {key: self._target(key[0], key[2], end) for key, (_, end) in groups.items()}
        asked = {key: (self._entity(int(cells[0])), longest[key]) for key, (cells, _) in groups.items()}
        distinct = list(dict.fromkeys(asked.values()))
        forced = dict(zip(distinct, (sums.running for sums in self.scorer.force(distinct)), strict=True))
        cells = np.arange(len(self.pair)).tolist()
        tokens = pieces(self.scorer.translator, [*map(self._candidate, cells), *longest.values()])
        copied = self._copying(sorted({key[0] for key in groups}))
        bounds = np.empty(len(self.pair))
        for key, (own, _) in groups.items():
            running, whole = forced[asked[key]], tokens[longest[key]]
            for cell in own.tolist():
                part = tokens[self._candidate(cell)]
                n = len(part)
                if whole[:n] != part or len(running) != len(whole) + 2:
                    backward = 1.0  # its tokens are no prefix of the longest's: nothing is known
                else:
                    log_ratio = running[n] / (n + 1) - copied[key[0]]
                    backward = min(1.0, float(2.0**log_ratio))
                bounds[cell] = SLACK * (1.0 + backward) / 2
        return bounds

    def _starts(self) -> dict[tuple[int, int, int], tuple[Int64, int]]:
        """(pair, entity, start) -> its cells, and the end of the longest."""
        keys = np.stack([self.pair, self.entity, self.start], axis=1)
        cuts = np.flatnonzero(np.any(keys[1:] != keys[:-1], axis=1)) + 1 if len(keys) else np.empty(0, np.int64)
        out = {}
        for cells in np.split(np.arange(len(keys)), cuts):
            if cells.size:
                pair, entity, start = keys[cells[0]].tolist()
                out[pair, entity, start] = (cells, int(self.end[cells].max()))
        return out

    def _copying(self, pairs: Sequence[int]) -> dict[int, float]:
        """Mean log-probability of a token when a sentence is translated into itself."""
        targets = [self.batch.jobs[pair].target for pair in pairs]
        texts = [Phrase(running_text(target), target.language) for target in targets]
        found = self.scorer.force([(text, text) for text in texts])
        return {p: float(s.running[-1] / (len(s.running) - 1)) for p, s in zip(pairs, found, strict=True)}
