"""The (entity, candidate) cells of a batch, and what is known of their NMT scores.

`spanport.matching.nmt_search` says how they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.detokenize import phrase
from spanport.matching import nmt_bounds
from spanport.matching.batch import PairBatch
from spanport.matching.nmt import NmtScorer, Phrase, pieces
from spanport.ports import BoolArray, Int64, Translator

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates

Float64 = npt.NDArray[np.float64]

WINDOW = 3
"""Words that are forced together at first for s(b|a) / s(b|b): each is told by the two before it."""

CHEAPER = 2.5
"""s(a|b) is scored first where its bound times this is above that of s(b|a) / s(b|b), which costs more."""


class NmtCells:
    """Scores or bounds of all cells of a batch.

    pair, entity, start, end: int64 (C,), sorted, with offsets int64 (B + 1,); words: int64 (C,), how many the entity
    has; forward, backward: float64 (C,), the two halves of the NMT score or their bounds, as forward_known and
    backward_known say; joint: float64 (C,), a bound of the whole; seen: bool (C,), whether windows were forced for
    the bound; itself: float64 (C,), what they give for s(b|b), 0 where s(b|a) is not to be scored without s(b|b).
    """

    def __init__(self, batch: PairBatch, candidates: Candidates, scorer: NmtScorer) -> None:
        self.batch, self.scorer = batch, scorer
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
        self.forward, self.estimate, self.forward_known = np.zeros(cells), np.zeros(cells), np.zeros(cells, bool)
        self.backward, self.backward_known = np.full(cells, nmt_bounds.MOST_BACKWARD), np.zeros(cells, bool)
        self.joint, self.seen, self.itself = np.full(cells, np.inf), np.zeros(cells, bool), np.zeros(cells)
        self.phrases = Phrases(batch)

    @property
    def nmt(self) -> Float64:
        """Bounds or scores of all cells, float64 (C,)."""
        return np.asarray(np.minimum((self.forward + self.backward) / 2, self.joint))

    @property
    def known(self) -> BoolArray:
        """Which cells are scored, bool (C,)."""
        return np.asarray(self.forward_known & self.backward_known)

    def keys(self, pair: Int64, *parts: npt.NDArray[np.int32] | Int64) -> Int64:
        """One number for each row of pair and parts of it (entity, start, end), in the same order."""
        base = (
            int(max(self.batch.target_lengths.max(initial=0), np.diff(self.batch.entity_offsets).max(initial=0))) + 1
        )
        for part in parts:
            pair = pair * base + part
        return pair

    def bound(self) -> None:
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

    def advance(self, cells: Int64) -> None:
        """Learn more of each cell: a closer bound as long as there is one, then one part, then the other."""
        rest = cells[self.seen[cells]]
        cheap = CHEAPER * self.forward[rest] >= self.backward[rest]
        forward = ~self.forward_known[rest] & (cheap | self.backward_known[rest])
        backward = rest[~forward]
        long = self.itself[backward] > 0
        self.score_forward(rest[forward])
        self.score_backward(backward[~long])
        self._score_given(backward[long])
        self._look(cells[~self.seen[cells]])

    def score_forward(self, cells: Int64) -> None:
        """s(a|b) / s(a|a)."""
        pairs = [(self._candidate(cell), self._entity(cell)) for cell in cells.tolist()]
        given, itself = self.scorer.likelihoods(pairs + [(a, a) for _, a in pairs]).reshape(2, -1)
        self.forward[cells], self.forward_known[cells], self.joint[cells] = given / itself, True, np.inf

    def score_backward(self, cells: Int64) -> None:
        """s(b|a) / s(b|b)."""
        pairs = [(self._entity(cell), self._candidate(cell)) for cell in cells.tolist()]
        given, itself = self.scorer.likelihoods(pairs + [(b, b) for _, b in pairs]).reshape(2, -1)
        self.backward[cells], self.backward_known[cells], self.joint[cells] = given / itself, True, np.inf

    def _score_given(self, cells: Int64) -> None:
        """s(b|a), and so a closer bound of s(b|a) / s(b|b)."""
        given = self.scorer.likelihoods([(self._entity(cell), self._candidate(cell)) for cell in cells.tolist()])
        self.backward[cells] = nmt_bounds.SELF_SLACK * given / self.itself[cells]
        self.joint[cells], self.itself[cells] = np.inf, 0.0

    def _entity(self, cell: int) -> Phrase:
        return self.phrases.entity(int(self.pair[cell]), int(self.entity[cell]))

    def _candidate(self, cell: int) -> Phrase:
        return self.phrases.target(int(self.pair[cell]), int(self.start[cell]), int(self.end[cell]))

    def _tokens(self, a: Phrase, given: dict[int, Phrase]) -> dict[int, Float64]:
        """Log-probabilities of a's tokens given each phrase."""
        found = self.scorer.force([(b, a) for b in given.values()])
        return {i: np.diff(sums.running) for i, sums in zip(given, found, strict=True)}

    def _parts(self, own: Int64, size: int) -> dict[int, Phrase]:
        """Phrases of so many words in the candidates of these cells, by their first word."""
        pair, covered = int(self.pair[own[0]]), np.zeros(int(self.end[own].max()), bool)
        for first, last in zip(self.start[own].tolist(), self.end[own].tolist(), strict=True):
            covered[first : last - size + 1] = True
        return {i: self.phrases.target(pair, i, i + size) for i in np.flatnonzero(covered).tolist()}

    def _look(self, cells: Int64) -> None:
        """Closer bounds of all cells that share pair, entity and start with one of these."""
        keys = self.keys(self.pair, self.entity, self.start)
        groups = [np.arange(*np.searchsorted(keys, [key, key + 1])) for key in np.unique(keys[cells])]
        cuts = [self._windows(own) for own in groups]
        wanted: list[tuple[Phrase, Phrase]] = []
        for own, (windows, parts) in zip(groups, cuts, strict=True):
            a, word = self._entity(int(own[0])), parts[0][0]
            wanted += [(word, word), *((a, window) for window in windows), *((window, window) for window in windows)]
        self.scorer.force(wanted)
        self.phrases.cut(self.scorer.translator, (window for windows, _ in cuts for window in windows))
        self.phrases.cut(self.scorer.translator, (part for _, parts in cuts for row in parts for part in row))
        for own, (windows, parts) in zip(groups, cuts, strict=True):
            self._bound_backward(own, windows, parts)

    def _windows(self, own: Int64) -> tuple[list[Phrase], list[list[Phrase]]]:
        """The window that begins the phrases of cells of one start, and those that end with a further word.

        With each, the phrases that begin it: of the first those of 1, 2, ... words, of the others without their last
        word and whole.
        """
        pair, start, last = int(self.pair[own[0]]), int(self.start[own[0]]), int(self.end[own[-1]])
        target, first = self.phrases.target, min(start + WINDOW, last)
        parts = [[target(pair, start, end) for end in range(start + 1, first + 1)]]
        windows, ends = [target(pair, start, start + WINDOW)], range(first + 1, last + 1)
        for end in ends:
            parts.append([target(pair, end - WINDOW, end - 1), target(pair, end - WINDOW, end)])
            windows.append(parts[-1][1])
        return windows, parts

    def _bound_backward(self, own: Int64, windows: list[Phrase], parts: list[list[Phrase]]) -> None:
        a, word = self._entity(int(own[0])), parts[0][0]
        given = [sums.running for sums in self.scorer.force([(a, window) for window in windows])]
        itself = [sums.running for sums in self.scorer.force([(window, window) for window in windows])]
        sizes = [self.phrases.leading(window, row) for window, row in zip(windows, parts, strict=True)]
        on_a, on_itself, count = nmt_bounds.totals(given, itself, sizes)
        new = own[~self.seen[own] & ~self.backward_known[own]]
        size = self.end[new] - self.start[new]
        tokens = count[size - 1] + 1
        estimate = 2.0 ** ((on_a - on_itself)[size - 1] / tokens)
        self.itself[new] = np.where(size > 1, 2.0 ** (on_itself[size - 1] / tokens), 0.0)
        split = size > WINDOW
        self.backward[new] = estimate * np.where(split, nmt_bounds.SPLIT_SLACK, nmt_bounds.BACKWARD_SLACK)
        joint = np.where(split, nmt_bounds.SPLIT_JOINT_SLACK, nmt_bounds.JOINT_SLACK)
        both = joint * (self.estimate[new] + estimate) / 2
        self.joint[new] = np.where(self.forward_known[new], np.inf, both)
        if sizes[0][0] >= 0:
            most = 2.0 ** (given[0][sizes[0][0]] / (sizes[0][0] + 1))
            self.backward[new[size == 1]] = most / self.scorer.likelihoods([(word, word)])[0]
        self.seen[own] = True


class Phrases:
    """Entities and target phrases of a batch as running text, and the translator's tokens of those asked for."""

    def __init__(self, batch: PairBatch) -> None:
        self._batch = batch
        self._lengths: list[int] = batch.target_lengths.tolist()
        self._targets: dict[tuple[int, int, int], Phrase] = {}
        self._entities: dict[tuple[int, int], Phrase] = {}
        self._pieces: dict[Phrase, tuple[str, ...]] = {}

    def entity(self, pair: int, entity: int) -> Phrase:
        """An entity of a pair, by its place among those of the pair."""
        found = self._entities.get((pair, entity))
        if found is None:
            first, last, _ = self._batch.entities[int(self._batch.entity_offsets[pair]) + entity].tolist()
            source = self._batch.works[pair].source
            found = self._entities[pair, entity] = Phrase(phrase(source, first, last), source.language)
        return found

    def target(self, pair: int, start: int, end: int) -> Phrase:
        """The target words [start, end) of a pair; what lies behind its last word is left out."""
        key = (pair, start, min(end, self._lengths[pair]))
        found = self._targets.get(key)
        if found is None:
            target = self._batch.works[pair].target
            found = self._targets[key] = Phrase(phrase(target, *key[1:]), target.language)
        return found

    def cut(self, translator: Translator, phrases: Iterable[Phrase]) -> None:
        """Tokenise phrases for `leading`."""
        self._pieces.update(pieces(translator, [one for one in phrases if one not in self._pieces]))

    def leading(self, window: Phrase, parts: Sequence[Phrase]) -> list[int]:
        """How many tokens each part has, -1 where these do not lead those of the window. All must have been cut."""
        whole, rows = self._pieces[window], [self._pieces[part] for part in parts]
        return [len(row) if whole[: len(row)] == row else -1 for row in rows]
