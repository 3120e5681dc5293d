"""Matching by the NMT score without scoring every candidate.

The four parts of ``(s(a|b) / s(a|a) + s(b|a) / s(b|b)) / 2`` cost a forced translation each. So every candidate first
gets an upper bound from few of them, the matching is solved as if the bounds were scores, and only what it picks is
looked at more closely, until all it picks has been scored: a matching that is best under upper bounds and uses exact
scores alone is best, greedily or exactly. A candidate is looked at in steps (`spanport.systems.nmt_bounds` has the
slacks and what they were measured on):

- ``s(a|b)`` from the words of b, and from pairs of words where a has several: each token of a is about as likely as
  from the part of b that makes it likeliest. Of single words, and of the pairs, that is the score itself.
- ``s(b|a) / s(b|b)`` from windows of a few words, forced out of a and out of themselves: their leading tokens are
  b's, only its end token is not known. Given s(b|b) and an end token of probability 1, that of a single word is a
  true bound.
- One of the two parts, then the other.

A better candidate is missed only where a slack is too little; ``benchmarks/nmt.py`` measures how often.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.ports import BoolArray, Int64
from spanport.stages.batch import PairBatch
from spanport.stages.nmt import NmtScorer, Phrase, pieces
from spanport.systems import nmt_bounds
from spanport.systems.detokenize import phrase
from spanport_kernels.matching import FEASIBLE, OPTIMAL, Matching, Ranges, select, select_ranges

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.scores import Scores

Float64 = npt.NDArray[np.float64]
Solve = Callable[[npt.NDArray[np.int32], Int64, Ranges, npt.NDArray[np.int32]], Matching]
"""`spanport.stages.solve.solve` with its options bound: entities, their offsets, ranges, target lengths."""

WINDOW = 4
"""Words that are forced together at first for s(b|a) / s(b|b)."""

CHEAPER = 1.5
"""s(a|b) is scored first where its bound times this is above that of s(b|a) / s(b|b), which costs more."""

AHEAD = 2
"""Fewest of the best candidates of an entity that are looked at together with the one picked."""

MOST_AHEAD = 16
"""The most."""

TOGETHER = 256
"""Candidates that are looked at together where there are so many: small batches cost more."""


class LazyNmt:
    """The cells (entity, candidate) of a batch, with what is known of their NMT scores.

    pair, entity, start, end: int64 (C,), sorted, with offsets int64 (B + 1,); base: float64 (C,), the other parts of
    the score; words: int64 (C,), how many the entity has; forward, backward: float64 (C,), the two halves of the NMT
    score or their bounds, as forward_known and backward_known say; joint: float64 (C,), a bound of the whole;
    seen: int64 (C,), words of the longest window that was forced for the bound, 0 for none.
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
        first, last = batch.entities[batch.entity_offsets[self.pair] + self.entity, :2].T.astype(np.int64)
        self.words = last - first
        cells = len(self.pair)
        self.base = np.zeros(cells)
        if base is not None:
            owner = np.repeat(np.arange(len(batch)), np.diff(base.offsets))
            self.base[self.offsets[owner] + base.entity.astype(np.int64) * width[owner] + base.candidate] = base.score
        self.forward, self.estimate, self.forward_known = np.zeros(cells), np.zeros(cells), np.zeros(cells, bool)
        self.backward, self.backward_known = np.full(cells, nmt_bounds.MOST_BACKWARD), np.zeros(cells, bool)
        self.joint, self.seen = np.full(cells, np.inf), np.zeros(cells, np.int64)
        self._phrases: dict[tuple[int, int, int], Phrase] = {}
        self._entities: dict[int, Phrase] = {}
        self._lengths: list[int] = batch.target_lengths.tolist()
        self._pieces: dict[Phrase, tuple[str, ...]] = {}

    @property
    def nmt(self) -> Float64:
        """Bounds or scores of all cells, float64 (C,)."""
        return np.asarray(np.minimum((self.forward + self.backward) / 2, self.joint))

    @property
    def known(self) -> BoolArray:
        """Which cells are scored, bool (C,)."""
        return np.asarray(self.forward_known & self.backward_known)

    def solve(self, solve: Solve, *, prune: bool) -> Matching:
        """The best matching; every cell is scored unless ``prune``.

        Where cells stay unscored, "optimal" becomes "feasible": their bounds rest on assumptions.
        """
        if not prune:
            every = np.arange(len(self.pair))
            self._score_forward(every)
            self._score_backward(every)
            return self._matching(solve, np.arange(len(self.batch)))
        self._bound()
        active = np.flatnonzero(np.diff(self.offsets) > 0)
        while active.size:
            picked = self._picked(self._matching(solve, active), active)
            open_cells = picked[~self.known[picked] & (self.nmt[picked] > self.threshold)]
            self._advance(self._with_next_best(open_cells))
            active = np.unique(self.pair[open_cells])
        found = self._matching(solve, np.arange(len(self.batch)))
        guessed = np.bincount(self.pair[~self.known], minlength=len(self.batch)) > 0
        status = np.where(guessed & (found.status == OPTIMAL), FEASIBLE, found.status).astype(np.int8)
        return found._replace(status=status)

    def _matching(self, solve: Solve, pairs: Int64) -> Matching:
        nmt = self.nmt
        scores = self.base + self.weight * np.where(nmt > self.threshold, nmt, 0.0)
        entity, start, end = (column.astype(np.int32) for column in (self.entity, self.start, self.end))
        entities, offsets = select(self.batch.entities, self.batch.entity_offsets, pairs)
        ranges = select_ranges(Ranges(entity, start, end, scores, self.offsets), pairs)
        return solve(entities, offsets, ranges, self.batch.target_lengths[pairs])

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
        ahead = min(MOST_AHEAD, TOGETHER // max(len(cells), 1))
        nmt, known, out = self.nmt, self.known, [cells]
        for cell in cells.tolist():
            here = slice(self.offsets[self.pair[cell]], self.offsets[self.pair[cell] + 1])
            own = np.flatnonzero((self.entity[here] == self.entity[cell]) & (nmt[here] > self.threshold)) + here.start
            total, done = self.base[own] + self.weight * nmt[own], known[own]
            best = total[done].max(initial=0.0)  # what cannot beat it is looked at only if picked
            own, total = own[~done], total[~done]
            some = max(AHEAD, min(ahead, np.count_nonzero(total > best)))
            out.append(own[np.argsort(-total, kind="stable")[:some]])
        return np.unique(np.concatenate(out))

    def _advance(self, cells: Int64) -> None:
        """Learn more of each cell: a closer bound as long as there is one, then one part, then the other."""
        rest = cells[self.seen[cells] > 0]
        cheap = CHEAPER * self.forward[rest] >= self.backward[rest]
        forward = ~self.forward_known[rest] & (cheap | self.backward_known[rest])
        self._score_forward(rest[forward])
        self._score_backward(rest[~forward])
        self._look(cells[self.seen[cells] == 0], WINDOW)

    def _score_forward(self, cells: Int64) -> None:
        pairs = [(self._candidate(cell), self._entity(cell)) for cell in cells.tolist()]
        given, itself = self.scorer.likelihoods(pairs + [(a, a) for _, a in pairs]).reshape(2, -1)
        self.forward[cells], self.forward_known[cells], self.joint[cells] = given / itself, True, np.inf

    def _score_backward(self, cells: Int64) -> None:
        pairs = [(self._entity(cell), self._candidate(cell)) for cell in cells.tolist()]
        given, itself = self.scorer.likelihoods(pairs + [(b, b) for _, b in pairs]).reshape(2, -1)
        self.backward[cells], self.backward_known[cells], self.joint[cells] = given / itself, True, np.inf

    def _entity(self, cell: int) -> Phrase:
        pair = int(self.pair[cell])
        row = int(self.batch.entity_offsets[pair]) + int(self.entity[cell])
        if row not in self._entities:
            first, last, _ = self.batch.entities[row].tolist()
            source = self.batch.jobs[pair].source
            self._entities[row] = Phrase(phrase(source, first, last), source.language)
        return self._entities[row]

    def _candidate(self, cell: int) -> Phrase:
        return self._target(int(self.pair[cell]), int(self.start[cell]), int(self.end[cell]))

    def _target(self, pair: int, start: int, end: int) -> Phrase:
        key = (pair, start, min(end, self._lengths[pair]))
        found = self._phrases.get(key)
        if found is None:
            target = self.batch.jobs[pair].target
            found = self._phrases[key] = Phrase(phrase(target, *key[1:]), target.language)
        return found

    def _tokens(self, a: Phrase, given: dict[int, Phrase]) -> dict[int, Float64]:
        """Log-probabilities of a's tokens given each phrase."""
        found = self.scorer.force([(b, a) for b in given.values()])
        return {i: np.diff(sums.running) for i, sums in zip(given, found, strict=True)}

    def _bound(self) -> None:
        """First bounds of all cells: from single words and, for entities of several, from two together."""
        firsts = np.flatnonzero(np.diff(self.pair * (len(self.pair) + 1) + self.entity, prepend=-1) != 0)
        groups = [own for own in np.split(np.arange(len(self.pair)), firsts[1:]) if own.size]
        entities = [(int(self.pair[own[0]]), self._entity(int(own[0]))) for own in groups]
        words = [self._parts(own, 1) for own in groups]
        self.scorer.force([(b, a) for (_, a), given in zip(entities, words, strict=True) for b in given.values()])
        own_tokens = [np.diff(sums.running) for sums in self.scorer.force([(a, a) for _, a in entities])]
        best = [
            nmt_bounds.word_bounds(self._tokens(a, given), itself, int(self.end[own].max()))
            for own, (_, a), given, itself in zip(groups, entities, words, own_tokens, strict=True)
        ]
        pairs: list[dict[int, Phrase]] = []
        for own, table, itself in zip(groups, best, own_tokens, strict=True):
            kept = set(nmt_bounds.worthwhile_pairs(table, itself).tolist())
            parts = self._parts(own, 2) if self.words[own[0]] > 1 else {}
            pairs.append({i: b for i, b in parts.items() if i in kept})
        self.scorer.force([(b, a) for (_, a), given in zip(entities, pairs, strict=True) for b in given.values()])
        for own, (_, a), given, table, itself in zip(groups, entities, pairs, best, own_tokens, strict=True):
            self.estimate[own], self.forward[own], self.forward_known[own] = nmt_bounds.forward_bounds(
                table, self._tokens(a, given), itself, self.start[own], self.end[own], int(self.words[own[0]])
            )

    def _parts(self, own: Int64, size: int) -> dict[int, Phrase]:
        """Phrases of so many words in the candidates of these cells, by their first word."""
        pair, covered = int(self.pair[own[0]]), np.zeros(int(self.end[own].max()), bool)
        for first, last in zip(self.start[own].tolist(), self.end[own].tolist(), strict=True):
            covered[first : last - size + 1] = True
        return {i: self._target(pair, i, i + size) for i in np.flatnonzero(covered).tolist()}

    def _look(self, cells: Int64, width: int) -> None:
        """Closer bounds of all cells that share pair, entity and start with one of these."""
        keys = self._keys(self.pair, self.entity, self.start)
        groups = [np.arange(*np.searchsorted(keys, [key, key + 1])) for key in np.unique(keys[cells])]
        wanted: list[tuple[Phrase, Phrase]] = []
        parts: set[Phrase] = set()
        for own in groups:
            pair, a, last = int(self.pair[own[0]]), self._entity(int(own[0])), int(self.end[own[-1]])
            word = self._target(pair, int(self.start[own[0]]), int(self.start[own[0]]) + 1)
            for i in range(int(self.start[own[0]]), last, width):
                window = self._target(pair, i, i + width)
                wanted += [(a, window), (window, window), (word, word)]
                parts.update(self._target(pair, i, j) for j in range(i + 1, min(i + width, last) + 1))
                parts.add(window)
        self.scorer.force(wanted)
        self._pieces.update(pieces(self.scorer.translator, [part for part in parts if part not in self._pieces]))
        for own in groups:
            self._bound_backward(own, width)

    def _bound_backward(self, own: Int64, width: int) -> None:
        pair, a = int(self.pair[own[0]]), self._entity(int(own[0]))
        start, last = int(self.start[own[0]]), int(self.end[own[-1]])
        windows, sizes = [], []
        for i in range(start, last, width):
            window = self._target(pair, i, i + width)
            given, itself = self.scorer.force([(a, window), (window, window)])
            windows.append((given.running, itself.running))
            parts = [self._pieces[self._target(pair, i, j)] for j in range(i + 1, min(i + width, last) + 1)]
            # Only where its tokens lead those of the window are their probabilities known.
            sizes.append([len(part) if self._pieces[window][: len(part)] == part else -1 for part in parts])
        gain, count = (np.array(column) for column in nmt_bounds.gains(windows, sizes))
        new = own[(self.seen[own] < width) & ~self.backward_known[own]]
        size = self.end[new] - self.start[new]
        estimate = 2.0 ** (gain[size - 1] / (count[size - 1] + 1))
        split = size > width
        self.backward[new] = estimate * np.where(split, nmt_bounds.SPLIT_SLACK, nmt_bounds.BACKWARD_SLACK)
        joint = np.where(split, nmt_bounds.SPLIT_JOINT_SLACK, nmt_bounds.JOINT_SLACK)
        both = joint * (self.estimate[new] + estimate) / 2
        self.joint[new] = np.where(self.forward_known[new], np.inf, both)
        if sizes[0][0] >= 0:
            word = self._target(pair, start, start + 1)
            most = 2.0 ** (windows[0][0][sizes[0][0]] / (sizes[0][0] + 1))
            self.backward[new[size == 1]] = most / self.scorer.likelihoods([(word, word)])[0]
        self.seen[own] = width
