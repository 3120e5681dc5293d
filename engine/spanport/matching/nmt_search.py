"""Matching by the NMT score without scoring every candidate.

The four parts of ``(s(a|b) / s(a|a) + s(b|a) / s(b|b)) / 2`` cost a forced translation each. So every candidate first
gets an upper bound from few of them (slacks and what they were measured on: `spanport.matching.nmt`), the matching is
solved as if the bounds were scores, and only what it picks is looked at more closely, until all it picks has been
scored: a matching that is best under upper bounds and uses exact scores alone is best, greedily or exactly. In steps:

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
from itertools import islice, repeat

import numpy as np
import numpy.typing as npt

from spanport.matching import nmt
from spanport.matching.batch import PairBatch
from spanport.matching.nmt import Float64, NmtScorer, Phrase, Phrases
from spanport.ports import Int64
from spanport_kernels.candidates import Candidates
from spanport_kernels.matching import FEASIBLE, OPTIMAL, Matching, Ranges, select, select_ranges
from spanport_kernels.scores import Scores

Solve = Callable[[npt.NDArray[np.int32], Int64, Ranges, npt.NDArray[np.int32]], Matching]
"""`spanport.matching.solve.solve` with its options bound: entities, their offsets, ranges, target lengths."""

MOST_AHEAD, TOGETHER = 6, 96
"""Most of an entity's best candidates that are looked at with the one picked; of all: small batches cost more."""
CHEAPER = 2.5
"""s(a|b) is scored first where its bound times this is above that of s(b|a) / s(b|b), which costs more."""


class LazyNmt:
    """The matching of a batch by ``base + weight * NMT score``, for scores above a threshold.

    Of the C cells (entity, candidate), sorted, with offsets int64 (B + 1,): base: float64, the other parts of the
    score; pair, entity, start, end: int64; words: int64, how many the entity has; forward, backward: float64, the two
    halves of the NMT score or their bounds, as forward_known and backward_known say; joint: float64, a bound of the
    whole; seen: bool, whether windows were forced for the bound; itself: float64, what they give for s(b|b), 0 where
    s(b|a) is not to be scored without s(b|b). Each (C,).
    """

    def __init__(
        self, batch: PairBatch, candidates: Candidates, base: Scores | None, scorer: NmtScorer, *,
        weight: float = 1.0, threshold: float = 0.1,
    ) -> None:  # fmt: skip
        self.batch, self.scorer, self.weight, self.threshold = batch, scorer, weight, threshold
        width = np.diff(candidates.offsets)
        counts = np.diff(batch.entity_offsets) * width
        self.offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.pair = np.repeat(np.arange(batch.target_lengths.size), counts)
        within = np.arange(self.offsets[-1]) - self.offsets[self.pair]
        self.entity = within // np.maximum(width[self.pair], 1)
        candidate = candidates.offsets[self.pair] + within % np.maximum(width[self.pair], 1)
        self.start, self.end = candidates.ranges[candidate].T.astype(np.int64)
        first, last = batch.entities[batch.entity_offsets[self.pair] + self.entity, :2].T.astype(np.int64)
        self.words = last - first
        cells = len(self.pair)
        self.forward, self.estimate, self.forward_known = np.zeros(cells), np.zeros(cells), np.zeros(cells, bool)
        self.backward, self.backward_known = np.full(cells, nmt.MOST_BACKWARD), np.zeros(cells, bool)
        self.joint, self.seen, self.itself = np.full(cells, np.inf), np.zeros(cells, bool), np.zeros(cells)
        self.base = np.zeros(cells)
        if base is not None:
            owner = np.repeat(np.arange(batch.target_lengths.size), np.diff(base.offsets))
            place = base.entity.astype(np.int64) * width[owner] + base.candidate
            self.base[self.offsets[owner] + place] = base.score
        self.phrases = Phrases(batch)

    def solve(self, solve: Solve, *, prune: bool) -> Matching:
        """The best matching; every cell is scored unless ``prune``.

        Where cells stay unscored, "optimal" becomes "feasible": their bounds rest on assumptions.
        """
        all_pairs = np.arange(self.batch.target_lengths.size)
        if not prune:
            for forward in (True, False):
                self._score(np.arange(len(self.pair)), forward=forward)
            return self._matching(solve, all_pairs)
        self._bound()
        active = np.flatnonzero(np.diff(self.offsets) > 0)
        while active.size:
            picked = self._picked(self._matching(solve, active), active)
            known = self.forward_known[picked] & self.backward_known[picked]
            open_cells = picked[~known & (self._scores()[picked] > self.threshold)]
            self._advance(self._with_next_best(open_cells))
            active = np.unique(self.pair[open_cells])
        found = self._matching(solve, all_pairs)
        guessed = np.bincount(self.pair[~(self.forward_known & self.backward_known)], minlength=all_pairs.size) > 0
        status = np.where(guessed & (found.status == OPTIMAL), FEASIBLE, found.status).astype(np.int8)
        return found._replace(status=status)

    def _scores(self) -> Float64:
        """NMT scores of all cells, or bounds of them, float64 (C,)."""
        return np.asarray(np.minimum((self.forward + self.backward) / 2, self.joint))

    def _keys(self, pair: Int64, *parts: npt.NDArray[np.int32] | Int64) -> Int64:
        """One number for each row of pair and parts of it (entity, start, end), in the same order."""
        most = (self.batch.target_lengths, np.diff(self.batch.entity_offsets))
        base = 1 + max(int(counts.max(initial=0)) for counts in most)
        for part in parts:
            pair = pair * base + part
        return pair

    def _matching(self, solve: Solve, pairs: Int64) -> Matching:
        found = self._scores()
        scores = self.base + self.weight * np.where(found > self.threshold, found, 0.0)
        entity, start, end = [column.astype(np.int32) for column in (self.entity, self.start, self.end)]
        entities, offsets = select(self.batch.entities, self.batch.entity_offsets, pairs)
        ranges = select_ranges(Ranges(entity, start, end, scores, self.offsets), pairs)
        return solve(entities, offsets, ranges, self.batch.target_lengths[pairs])

    def _picked(self, found: Matching, pairs: Int64) -> Int64:
        """The cells behind the spans of a matching."""
        rows = np.repeat(pairs, np.diff(found.offsets))
        keys = self._keys(self.pair, self.entity, self.start, self.end)
        return np.searchsorted(keys, self._keys(rows, found.spans[:, 3], found.spans[:, 0], found.spans[:, 1]))

    def _with_next_best(self, picked: Int64) -> Int64:
        """The picked cells, each with the most promising open ones of its entity."""
        ahead = min(MOST_AHEAD, TOGETHER // max(len(picked), 1))
        scores, known, out = self._scores(), self.forward_known & self.backward_known, [picked]
        for cell in picked.tolist():
            here = slice(self.offsets[self.pair[cell]], self.offsets[self.pair[cell] + 1])
            likely = (self.entity[here] == self.entity[cell]) & (scores[here] > self.threshold)
            own = np.flatnonzero(likely) + here.start
            total, done = self.base[own] + self.weight * scores[own], known[own]
            best = total[done].max(initial=0.0)  # what cannot beat it is looked at only if picked
            own, total = own[~done], total[~done]
            some = max(1, min(ahead, np.count_nonzero(total > best)))
            out.append(own[np.argsort(-total, kind="stable")[:some]])
        return np.unique(np.concatenate(out))

    def _bound(self) -> None:
        """First bounds of all cells: from single words and, for entities of several, from two together."""
        firsts = np.flatnonzero(np.diff(self.pair * (len(self.pair) + 1) + self.entity, prepend=-1) != 0)
        groups = [own for own in np.split(np.arange(len(self.pair)), firsts[1:]) if own.size]
        entities = self._entities(firsts)
        words = [self._parts(own, 1) for own in groups]
        given = self._forced(entities, words)
        own_tokens = [np.diff(sums) for sums in self.scorer.force([(a, a) for a in entities])]
        best: list[Float64] = []
        pairs: list[dict[int, Phrase]] = []
        for own, tokens, itself in zip(groups, given, own_tokens, strict=True):
            best.append(nmt.word_bounds(tokens, itself, int(self.end[own].max())))
            kept = set(nmt.worthwhile_pairs(best[-1], itself).tolist())
            parts = self._parts(own, 2) if self.words[own[0]] > 1 else {}
            pairs.append({i: b for i, b in parts.items() if i in kept})
        together = self._forced(entities, pairs)
        for own, tokens, table, itself in zip(groups, together, best, own_tokens, strict=True):
            self.estimate[own], self.forward[own], self.forward_known[own] = nmt.forward_bounds(
                table, tokens, itself, self.start[own], self.end[own], int(self.words[own[0]])
            )

    def _forced(self, entities: list[Phrase], given: list[dict[int, Phrase]]) -> list[dict[int, Float64]]:
        """Log-probabilities of the tokens of each entity given each of its phrases."""
        rows = zip(entities, given, strict=True)
        sums = iter(self.scorer.force([(b, a) for a, parts in rows for b in parts.values()]))
        return [{i: np.diff(next(sums)) for i in parts} for parts in given]

    def _advance(self, cells: Int64) -> None:
        """Learn more of each cell: a closer bound as long as there is one, then one part, then the other."""
        rest = cells[self.seen[cells]]
        cheap = CHEAPER * self.forward[rest] >= self.backward[rest]
        forward = ~self.forward_known[rest] & (cheap | self.backward_known[rest])
        backward = rest[~forward]
        long = self.itself[backward] > 0
        self._score(rest[forward], forward=True)
        self._score(backward[~long], forward=False)
        if long.any():
            self._score_given(backward[long])
        if not self.seen[cells].all():
            self._look(cells[~self.seen[cells]])

    def _score(self, cells: Int64, *, forward: bool) -> None:
        """s(a|b) / s(a|a), or s(b|a) / s(b|b)."""
        if not cells.size:
            return
        a, b = self._entities(cells), self._candidates(cells)
        given, wanted = (b, a) if forward else (a, b)
        pairs = [*zip(given, wanted, strict=True), *zip(wanted, wanted, strict=True)]
        likely, itself = self.scorer.likelihoods(pairs).reshape(2, -1)
        half, known = (self.forward, self.forward_known) if forward else (self.backward, self.backward_known)
        half[cells], known[cells], self.joint[cells] = likely / itself, True, np.inf

    def _score_given(self, cells: Int64) -> None:
        """s(b|a), and so a closer bound of s(b|a) / s(b|b)."""
        given = self.scorer.likelihoods([*zip(self._entities(cells), self._candidates(cells), strict=True)])
        self.backward[cells] = nmt.SELF_SLACK * given / self.itself[cells]
        self.joint[cells], self.itself[cells] = np.inf, 0.0

    def _entities(self, cells: Int64) -> list[Phrase]:
        return self.phrases.entities(zip(self.pair[cells].tolist(), self.entity[cells].tolist(), strict=True))

    def _candidates(self, cells: Int64) -> list[Phrase]:
        columns = self.pair[cells].tolist(), self.start[cells].tolist(), self.end[cells].tolist()
        return self.phrases.targets(zip(*columns, strict=True))

    def _parts(self, own: Int64, size: int) -> dict[int, Phrase]:
        """Phrases of so many words in the candidates of these cells, by their first word."""
        covered = np.zeros(int(self.end[own].max()), bool)
        for first, last in zip(self.start[own].tolist(), self.end[own].tolist(), strict=True):
            covered[first : last - size + 1] = True
        firsts = np.flatnonzero(covered)
        rows = zip(repeat(int(self.pair[own[0]])), firsts.tolist(), (firsts + size).tolist(), strict=False)
        return dict(zip(firsts.tolist(), self.phrases.targets(rows), strict=True))

    def _look(self, cells: Int64) -> None:
        """Closer bounds of all cells that share pair, entity and start with one of these."""
        keys = self._keys(self.pair, self.entity, self.start)
        groups = [np.arange(*np.searchsorted(keys, [key, key + 1])) for key in np.unique(keys[cells])]
        firsts, lasts = np.array([(own[0], own[-1]) for own in groups], np.int64).reshape(-1, 2).T
        columns = self.pair[firsts].tolist(), self.start[firsts].tolist(), self.end[lasts].tolist()
        entities, cuts = self._entities(firsts), self.phrases.windows(zip(*columns, strict=True))
        wanted: list[tuple[Phrase, Phrase]] = []
        for a, (windows, parts) in zip(entities, cuts, strict=True):
            wanted += [(parts[0][0], parts[0][0]), *zip(repeat(a), windows), *zip(windows, windows, strict=True)]
        forced = iter(self.scorer.force(wanted))
        sizes = self.phrases.leading(self.scorer.translator, cuts)
        for own, (windows, _), size in zip(groups, cuts, sizes, strict=True):
            word, given, itself = next(forced), *([*islice(forced, len(windows))] for _ in range(2))
            self._bound_backward(own, word, given, itself, size)

    def _bound_backward(
        self, own: Int64, word: Float64, given: list[Float64], itself: list[Float64], sizes: list[list[int]]
    ) -> None:
        """Bounds of cells of one start from what `nmt.totals` takes; word: their first word out of itself."""
        on_a, on_itself, count = nmt.totals(given, itself, sizes)
        new = own[~self.seen[own] & ~self.backward_known[own]]
        size = self.end[new] - self.start[new]
        tokens = count[size - 1] + 1
        estimate = 2.0 ** ((on_a - on_itself)[size - 1] / tokens)
        self.itself[new] = np.where(size > 1, 2.0 ** (on_itself[size - 1] / tokens), 0.0)
        split = size > nmt.WINDOW
        self.backward[new] = estimate * np.where(split, nmt.SPLIT_SLACK, nmt.BACKWARD_SLACK)
        both = np.where(split, nmt.SPLIT_JOINT_SLACK, nmt.JOINT_SLACK) * (self.estimate[new] + estimate) / 2
        self.joint[new] = np.where(self.forward_known[new], np.inf, both)
        if sizes[0][0] >= 0:
            most = 2.0 ** (given[0][sizes[0][0]] / (sizes[0][0] + 1))
            self.backward[new[size == 1]] = most / nmt.likelihood(word)
        self.seen[own] = True
