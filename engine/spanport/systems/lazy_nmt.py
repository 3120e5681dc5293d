"""Matching by the NMT score without scoring every candidate.

The four parts of ``(s(a|b) / s(a|a) + s(b|a) / s(b|b)) / 2`` cost a forced translation each. So every candidate first
gets an upper bound from few of them, the matching is solved as if the bounds were scores, and only what it picks is
looked at more closely, until all it picks has been scored: a matching that is best under upper bounds and uses exact
scores alone is best, greedily or exactly.

- ``s(a|b)``: each token of a is at most as likely as from the word of b that makes it likeliest, and a at most as
  likely as from itself; one short forced translation per entity and target word (for b of one word the score itself).
- ``s(b|b)``: estimated from each word of b copied alone.
- ``s(b|a)``: at most ``s(b|b)``; more closely, from one forced translation of the longest n-gram from b's start,
  whose leading tokens are b's, with an end token of probability 1 (a true bound).

The first two are no true bounds: `FORWARD_SLACK` and `MOST_BACKWARD` leave room. A better candidate is missed only
where that is too little; ``benchmarks/nmt.py`` measures how often. With half-trained miniatures, 1 in 10 to
15 sentences got other spans (a phrase that the translator found likelier from another than from itself), at a tenth
of the tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.ports import Int64
from spanport.stages.batch import PairBatch
from spanport.stages.nmt import NmtScorer, Phrase, pieces
from spanport.systems.detokenize import phrase
from spanport_kernels.matching import FEASIBLE, OPTIMAL, Matching, Ranges, select, select_ranges

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.scores import Scores

Solve = Callable[[npt.NDArray[np.int32], Int64, Ranges, npt.NDArray[np.int32]], Matching]
"""`spanport.stages.solve.solve` with its options bound: entities, their offsets, ranges, target lengths."""

FORWARD_SLACK = 1.25
"""By how much a phrase may make the entity likelier than its words, token by token, or the entity itself does."""

MOST_BACKWARD = 1.2
"""The most that s(b|a) / s(b|b) is taken to be. Where it is more, a weak translator finds a phrase likelier from
another than from itself."""

BOUND, CLOSER, EXACT = 0, 1, 2
"""What is known of a cell: a bound from words, one from the n-grams of its start, or its score."""

AHEAD = 2
"""Best candidates of an entity that are scored together with the one picked."""


class LazyNmt:
    """The cells (entity, candidate) of a batch, with what is known of their NMT scores.

    pair, entity, start, end: int64 (C,), sorted, with offsets int64 (B + 1,); base: float64 (C,), the other parts of
    the score; nmt: float64 (C,), a bound or the score, as ``level`` says; forward, copied: float64 (C,), the bound
    of s(a|b) / s(a|a) and the estimate of log2 s(b|b).
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
        self.nmt = np.zeros(len(self.pair))
        self.level = np.full(len(self.pair), BOUND, np.int8)
        self.forward, self.copied = np.zeros(len(self.pair)), np.zeros(len(self.pair))

    def solve(self, solve: Solve, *, prune: bool) -> Matching:
        """The best matching; every cell is scored unless ``prune``.

        Where cells stay unscored, "optimal" becomes "feasible": their bounds rest on assumptions.
        """
        if not prune:
            self._score(np.arange(len(self.pair)))
            return self._matching(solve, np.arange(len(self.batch)))
        self._bound()
        active = np.flatnonzero(np.diff(self.offsets) > 0)
        while active.size:
            picked = self._picked(self._matching(solve, active), active)
            open_cells = picked[(self.level[picked] < EXACT) & (self.nmt[picked] > self.threshold)]
            self._advance(self._with_next_best(open_cells))
            active = np.unique(self.pair[open_cells])
        found = self._matching(solve, np.arange(len(self.batch)))
        guessed = np.bincount(self.pair[self.level < EXACT], minlength=len(self.batch)) > 0
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
            own = np.flatnonzero((self.entity[here] == self.entity[cell]) & (self.level[here] < EXACT)) + here.start
            total = self.base[own] + self.weight * self.nmt[own]
            out.append(own[np.argsort(-total, kind="stable")[:AHEAD]])
        return np.unique(np.concatenate(out))

    def _advance(self, cells: Int64) -> None:
        """Learn more of each cell: its start's closer bounds first, then its score."""
        known = self.level[cells] == CLOSER
        self._score(cells[known])
        self._bound_closer(cells[~known])

    def _score(self, cells: Int64) -> None:
        self.nmt[cells] = self.scorer.similarity([(self._entity(c), self._candidate(c)) for c in cells.tolist()])
        self.level[cells] = EXACT

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

    def _bound(self) -> None:
        """First bounds of all cells, from single words; see the module."""
        firsts = np.flatnonzero(np.diff(self.pair * (len(self.pair) + 1) + self.entity, prepend=-1) != 0)
        entities = [(int(self.pair[cell]), self._entity(int(cell))) for cell in firsts]
        words = {pair: self._words(pair) for pair, _ in entities}
        wanted = [(word, a) for pair, a in entities for word in words[pair]] + [(a, a) for _, a in entities]
        wanted += [(word, word) for here in words.values() for word in here]
        distinct = list(dict.fromkeys(wanted))
        tokens = {
            pair: np.diff(sums.running) for pair, sums in zip(distinct, self.scorer.force(distinct), strict=True)
        }
        for cells, (pair, a) in zip(np.split(np.arange(len(self.pair)), firsts[1:]), entities, strict=True):
            start, end = self.start[cells], self.end[cells]
            given = np.array([tokens[word, a] for word in words[pair]])
            best = np.stack([given[i:j].max(axis=0).mean() for i, j in zip(start, end, strict=True)])
            ratio = 2.0 ** (best - tokens[a, a].mean())  # of a single word the score itself, whatever it is
            self.forward[cells] = np.where(end - start == 1, ratio, FORWARD_SLACK * np.minimum(1.0, ratio))
            own = [tokens[word, word] for word in words[pair]]
            sums = np.concatenate([[0.0], np.cumsum([values[:-1].sum() for values in own])])
            sizes = np.concatenate([[0], np.cumsum([len(values) - 1 for values in own])])
            ends = np.array([values[-1] for values in own])[end - 1]
            self.copied[cells] = (sums[end] - sums[start] + ends) / (sizes[end] - sizes[start] + 1)
        self.nmt = (self.forward + MOST_BACKWARD) / 2

    def _words(self, pair: int) -> list[Phrase]:
        return [self._target(pair, i, i + 1) for i in range(int(self.batch.target_lengths[pair]))]

    def _bound_closer(self, cells: Int64) -> None:
        """Closer bounds of all cells that share pair, entity and start with one of these."""
        keys = self._keys(self.pair, self.entity, self.start)
        groups = [np.flatnonzero(keys == key) for key in np.unique(keys[cells])]
        longest = [self._candidate(int(own[-1])) for own in groups]
        asked = [(self._entity(int(own[0])), whole) for own, whole in zip(groups, longest, strict=True)]
        forced = self.scorer.force(asked)
        phrases = [self._candidate(cell) for own in groups for cell in own.tolist()]
        tokens = pieces(self.scorer.translator, phrases)
        for own, whole, sums in zip(groups, longest, forced, strict=True):
            for cell in own[self.level[own] == BOUND].tolist():
                part, all_tokens = tokens[self._candidate(cell)], tokens[whole]
                n, backward = len(part), MOST_BACKWARD
                # Only where its tokens lead those of the longest n-gram are their probabilities known.
                if all_tokens[:n] == part and len(sums.running) == len(all_tokens) + 2:
                    log_ratio = sums.running[n] / (n + 1) - self.copied[cell]
                    backward = min(MOST_BACKWARD, float(2.0**log_ratio))
                self.nmt[cell] = (self.forward[cell] + backward) / 2
                self.level[cell] = CLOSER
