"""NMTScore direct (Vamvas and Sennrich 2022), normalised, in both directions, through a translator's ``score``.

``s(y | x) = 2 ** mean(natural-log probability of y's tokens given x)``, end token included, language token left out;
``similarity(a, b) = (s(a | b) / s(a | a) + s(b | a) / s(b | b)) / 2``, which may exceed 1 and is not clipped, as in
the published program. Forced translations that many candidates share give upper bounds of the halves, true ones only
where that is said: the others are estimates with a slack, about the largest violation (given with each) among all
(entity, n-gram) pairs whose score is at least .1: of the first half, those of 109 Europarl sentences (55 Spanish, 54
German) under a half-trained miniature, which finds a phrase likelier from another than from itself more often than
good translators do; of b's own tokens, the 1,400 of 69 such sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.detokenize import phrase
from spanport.errors import UsageError
from spanport.matching.batch import PairBatch
from spanport.ports import BoolArray, Int64, Translator

Float64 = npt.NDArray[np.float64]

BATCH, BATCH_CHARACTERS = 64, 1000
"""Most phrases forced in a batch, and their characters, about 250 tokens: with 700 a CPU takes 2 to 3 times as long
per token, as their vocabulary-wide outputs leave the cache."""
WINDOW = 3
"""Words that are forced together at first for s(b|a) / s(b|b): each is told by the two before it."""
CACHE = 200_000
"""Forced translations kept; the oldest go first."""

FORWARD_SLACK = 2.1
"""By how much a phrase may make the entity likelier than the phrase's words and pairs of words do (seen: 1.96)."""
LONGER = 0.9
"""What each word that a phrase has more than the entity makes of that: what else it says makes the end of the entity
less likely (seen, of what words and pairs give: 1.57 with one more, .9 with 5 or 6, .62 with 7 or 8)."""
PAIR_SLACK, PAIR_FROM = 5.0, 0.02
"""By how much two words may make an entity of several likelier than each (seen: 4.64); forced from that bound on."""
BACKWARD_SLACK = 2.5
"""By how much s(b|a) / s(b|b) may exceed what b's tokens in a longer phrase give for it (seen: 2.41)."""
SPLIT_SLACK = 3.0
"""The same of a b put together from several phrases (seen: 3.97, with room left by the other half; 2.1 from .3)."""
SELF_SLACK = 3.5
"""By how much s(b|b), b of several words, may fall short of what these give for it (seen: 5.8; 2.3 from .3 on)."""
JOINT_SLACK, SPLIT_JOINT_SLACK = 2.0, 2.5
"""By how much both halves together may exceed the sum of their estimates, and of a split b (seen: 1.86 and 2.44)."""
MOST_BACKWARD = 1.35
"""The most that s(b|a) / s(b|b) is taken to be before anything is known of it (seen: 1.28)."""


class Phrase(NamedTuple):
    """A stretch of running text and the NLLB code of its language."""

    text: str
    language: str


Windows = tuple[list[Phrase], list[list[Phrase]]]  # see `Phrases.windows`


class Phrases:
    """Entities and target phrases of a batch as running text, and the translator's tokens of those asked for."""

    def __init__(self, batch: PairBatch) -> None:
        self._batch = batch
        self._known: dict[tuple[int, ...], Phrase] = {}
        self._pieces: dict[Phrase, tuple[str, ...]] = {}

    def entities(self, rows: Iterable[tuple[int, int]]) -> list[Phrase]:
        """Entities by pair and place among those of the pair."""
        out = []
        for pair, entity in rows:
            if (found := self._known.get((pair, entity))) is None:
                first, last, _ = self._batch.entities[int(self._batch.entity_offsets[pair]) + entity].tolist()
                source = self._batch.works[pair].source
                found = self._known[pair, entity] = Phrase(phrase(source, first, last), source.language)
            out.append(found)
        return out

    def targets(self, rows: Iterable[tuple[int, int, int]]) -> list[Phrase]:
        """Target words [start, end) of pairs (pair, start, end); what lies behind a pair's last word is left out."""
        out = []
        for pair, start, end in rows:
            target = self._batch.works[pair].target
            key = (pair, start, min(end, len(target.words)))
            if (found := self._known.get(key)) is None:
                found = self._known[key] = Phrase(phrase(target, *key[1:]), target.language)
            out.append(found)
        return out

    def windows(self, rows: Iterable[tuple[int, int, int]]) -> list[Windows]:
        """Of the phrases from a start to a last word (rows: pair, start, last) the window that begins them, and those
        that end with a further word. With each, the phrases that begin it: of the first those of 1, 2, ... words, of
        the others without their last word and whole.
        """
        out = []
        for pair, start, last in rows:
            first = min(start + WINDOW, last)
            further = [(pair, end - WINDOW, end - back) for end in range(first + 1, last + 1) for back in (1, 0)]
            heads = [(pair, start, end) for end in range(start + 1, first + 1)]
            window, *found = self.targets([(pair, start, start + WINDOW), *heads, *further])
            parts = [found[: len(heads)], *[found[k : k + 2] for k in range(len(heads), len(found), 2)]]
            out.append(([window, *found[len(heads) + 1 :: 2]], parts))
        return out

    def leading(self, translator: Translator, cuts: Sequence[Windows]) -> list[list[list[int]]]:
        """Of each of the `windows`, how many tokens its parts have, -1 where these do not lead its own."""
        every = [one for windows, parts in cuts for some in (windows, *parts) for one in some]
        self._pieces.update(pieces(translator, [one for one in every if one not in self._pieces]))

        def lead(window: Phrase, part: Phrase) -> int:
            whole, row = self._pieces[window], self._pieces[part]
            return len(row) if whole[: len(row)] == row else -1

        both = [zip(windows, parts, strict=True) for windows, parts in cuts]
        return [[[lead(window, part) for part in own] for window, own in rows] for rows in both]


class NmtScorer:
    """Forces phrases out of phrases; every (given, phrase) pair is scored once and remembered.

    ``scored`` counts the pairs that went through the translator and ``tokens`` their target tokens.
    """

    def __init__(self, translator: Translator, cache: int = CACHE) -> None:
        self.translator, self.cache = translator, cache
        self.scored = self.tokens = 0
        self._known: dict[tuple[Phrase, Phrase], Float64] = {}

    def likelihoods(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """``s(second | first)`` of each pair, float64 (len(pairs),)."""
        return np.array(list(map(likelihood, self.force(pairs))))

    def similarity(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """NMTScore of each pair, float64 (len(pairs),)."""
        both = [(b, a) for a, b in pairs] + list(pairs) + [(a, a) for a, _ in pairs] + [(b, b) for _, b in pairs]
        a_from_b, b_from_a, a_from_a, b_from_b = self.likelihoods(both).reshape(4, -1)
        return np.asarray((a_from_b / a_from_a + b_from_a / b_from_b) / 2)

    def force(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> list[Float64]:
        """Force each second phrase out of the first: running sums of its log-probabilities, float64 (tokens + 1,).

        They begin with 0 and end with the end token's. What is known is not scored again.
        Raises UsageError for a phrase of unknown language.
        """
        found = {pair: self._known[pair] for pair in pairs if pair in self._known}
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in found]
        for given, wanted in dict.fromkeys((a.language, b.language) for a, b in missing):
            if not given or not wanted:
                raise UsageError("the NMT score translates, so it must know both languages; pass their codes")
            here = [pair for pair in missing if (pair[0].language, pair[1].language) == (given, wanted)]
            here.sort(key=lambda pair: (len(pair[1].text), len(pair[0].text)))
            for part in _batches(here):
                sources, targets = ([pair[side].text for pair in part] for side in (0, 1))
                for pair, values in zip(part, self.translator.score(sources, targets, given, wanted), strict=True):
                    found[pair] = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
                    self.tokens += len(values)
        self.scored += len(missing)
        self._known.update((pair, found[pair]) for pair in missing)
        while len(self._known) > self.cache:
            del self._known[next(iter(self._known))]
        return [found[pair] for pair in pairs]


def likelihood(sums: Float64) -> float:
    """``2 ** mean log-probability`` of a forced translation."""
    return float(2.0 ** (sums[-1] / (len(sums) - 1)))


def _batches(pairs: Sequence[tuple[Phrase, Phrase]]) -> list[list[tuple[Phrase, Phrase]]]:
    """Pairs, sorted by the length of the second, in batches."""
    out: list[list[tuple[Phrase, Phrase]]] = []
    for pair in pairs:
        room = BATCH_CHARACTERS // (len(pair[1].text) + 4)
        if not out or not len(out[-1]) < min(BATCH, room):
            out.append([])
        out[-1].append(pair)
    return out


def pieces(translator: Translator, phrases: Iterable[Phrase]) -> dict[Phrase, tuple[str, ...]]:
    """The translator's tokens of each phrase, without language and end tokens."""
    out: dict[Phrase, tuple[str, ...]] = {}
    distinct = list(dict.fromkeys(phrases))
    for language in dict.fromkeys([one.language for one in distinct]):
        here = [one for one in distinct if one.language == language]
        bare, *rows = translator.tokenize(["", *[one.text for one in here]], language)
        out.update((one, tuple(row[len(bare) - 1 : -1])) for one, row in zip(here, rows, strict=True))
    return out


def word_bounds(tokens: Mapping[int, Float64], itself: Float64, width: int) -> Float64:
    """Log-probabilities of the entity's tokens given each word, float64 (width, T); -inf where none was forced."""
    return np.array([tokens.get(i, np.full(len(itself), -np.inf)) for i in range(width)]).reshape(width, -1)


def worthwhile_pairs(best: Float64, itself: Float64) -> Int64:
    """Words that are forced together with the next, given `word_bounds`."""
    both = np.maximum(best[:-1], best[1:]).mean(axis=1)
    return np.flatnonzero(2.0 ** (both - itself.mean()) > PAIR_FROM)


def forward_bounds(
    best: Float64, pairs: Mapping[int, Float64], itself: Float64, start: Int64, end: Int64, words: int
) -> tuple[Float64, Float64, BoolArray]:
    """Estimates and bounds of s(a|b) / s(a|a) for the phrases [start, end), and whether they are the value itself.

    best: see `word_bounds`; pairs: the same for pairs of words, by the first; words: how many the entity has.
    """
    sizes = end - start
    estimate, slack, known = np.zeros(len(start)), np.ones(len(start)), sizes == 1
    for size in range(1, int(sizes.max(initial=0)) + 1):
        here = np.flatnonzero(sizes == size)
        best = np.maximum(best[:-1], best[1:]) if size > 1 else best
        ratio = 2.0 ** (best[start[here]].mean(axis=1) - itself.mean())
        if size == 1:
            estimate[here] = ratio
            continue
        extra = size - words
        estimate[here] = np.minimum(1.0, ratio) * LONGER ** max(0, extra)
        slack[here] = PAIR_SLACK if size == 2 and words > 1 else FORWARD_SLACK
        if size == 2:
            for cell in here.tolist():
                if (values := pairs.get(int(start[cell]))) is not None:
                    estimate[cell], slack[cell], known[cell] = 2.0 ** (values.mean() - itself.mean()), 1.0, True
            for i, values in pairs.items():
                best[i] = np.maximum(best[i], values)
    return estimate, estimate * slack, known


def totals(
    given: Sequence[Float64], itself: Sequence[Float64], sizes: Sequence[Sequence[int]]
) -> tuple[Float64, Float64, Int64]:
    """Log-probabilities of phrases of 1, 2, ... words given a and given themselves, and their numbers of tokens.

    given, itself: running sums of log-probabilities of the window that begins the phrases, and of those that end with
    one word more each; sizes: of the first the tokens of its first word, its first two, ..., of the others those
    without the last word and with it; -1 where these do not lead its tokens: the sums are then infinite and minus
    infinite.
    """
    unknown = (np.inf, -np.inf, 0)
    rows = [(float(given[0][n]), float(itself[0][n]), n) if n >= 0 else unknown for n in sizes[0]]
    for from_a, from_itself, (before, n) in zip(given[1:], itself[1:], sizes[1:], strict=True):
        a, b, count = rows[-1]
        more = float(from_a[n] - from_a[before]), float(from_itself[n] - from_itself[before])
        rows.append((a + more[0], b + more[1], count + n - before) if before >= 0 and n >= 0 else unknown)
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
