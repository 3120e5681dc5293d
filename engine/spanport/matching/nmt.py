"""NMTScore direct (Vamvas and Sennrich 2022), normalised, in both directions, through a translator's ``score``.

``s(y | x) = 2 ** mean(natural-log probability of y's tokens given x)``, the end token included, the language token
left out; ``similarity(a, b) = (s(a | b) / s(a | a) + s(b | a) / s(b | b)) / 2``, which may exceed 1 and is not
clipped, as in the published program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.errors import UsageError
from spanport.ports import Translator

Float64 = npt.NDArray[np.float64]

BATCH = 64
"""Most phrases in a batch."""

BATCH_CHARACTERS = 1000
"""Most characters of all phrases that are forced in a batch, about 250 tokens: on a CPU larger ones are slower, as
their vocabulary-wide outputs leave the cache (2 to 3 times as slow per token with 700)."""

CACHE = 200_000
"""Forced translations kept; the oldest go first."""


class Phrase(NamedTuple):
    """A stretch of running text and the NLLB code of its language."""

    text: str
    language: str


class Sums(NamedTuple):
    """A forced translation: running sums of its log-probabilities, with a leading 0, the end token's last."""

    running: Float64

    @property
    def likelihood(self) -> float:
        """``2 ** mean log-probability``, the end token included."""
        return float(2.0 ** (self.running[-1] / (len(self.running) - 1)))


class NmtScorer:
    """Similarity of phrases by a translator; every (given, phrase) pair is scored once and remembered.

    ``scored`` counts the pairs that went through the translator and ``tokens`` their target tokens.
    """

    def __init__(self, translator: Translator, cache: int = CACHE) -> None:
        self.translator, self.cache = translator, cache
        self.scored = self.tokens = 0
        self._known: dict[tuple[Phrase, Phrase], Sums] = {}

    def likelihoods(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """``s(second | first)`` of each pair, float64 (len(pairs),)."""
        return np.array([sums.likelihood for sums in self.force(pairs)])

    def similarity(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """NMTScore of each pair, float64 (len(pairs),)."""
        both = [(b, a) for a, b in pairs] + list(pairs) + [(a, a) for a, _ in pairs] + [(b, b) for _, b in pairs]
        a_from_b, b_from_a, a_from_a, b_from_b = self.likelihoods(both).reshape(4, -1)
        return np.asarray((a_from_b / a_from_a + b_from_a / b_from_b) / 2)

    def force(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> list[Sums]:
        """Force each second phrase out of the first; see `Sums`. What is known is not scored again.

        Raises UsageError for a phrase of unknown language.
        """
        found = {pair: self._known[pair] for pair in pairs if pair in self._known}
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in found]
        for given, wanted in dict.fromkeys((a.language, b.language) for a, b in missing):
            if not given or not wanted:
                raise UsageError("the NMT score translates, so it must know both languages; pass their codes")
            here = [pair for pair in missing if (pair[0].language, pair[1].language) == (given, wanted)]
            here.sort(key=lambda pair: (len(pair[1].text), len(pair[0].text)))
            for part in batches(here):
                sources, targets = ([pair[side].text for pair in part] for side in (0, 1))
                for pair, values in zip(part, self.translator.score(sources, targets, given, wanted), strict=True):
                    found[pair] = Sums(np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)]))
                    self.tokens += len(values)
        self.scored += len(missing)
        self._known.update((pair, found[pair]) for pair in missing)
        while len(self._known) > self.cache:
            del self._known[next(iter(self._known))]
        return [found[pair] for pair in pairs]


def batches(pairs: Sequence[tuple[Phrase, Phrase]]) -> Iterator[list[tuple[Phrase, Phrase]]]:
    """Cut pairs, sorted by the length of the second, into batches."""
    out: list[tuple[Phrase, Phrase]] = []
    for pair in pairs:
        if out and (len(out) == BATCH or (len(out) + 1) * (len(pair[1].text) + 4) > BATCH_CHARACTERS):
            yield out
            out = []
        out.append(pair)
    if out:
        yield out


def pieces(translator: Translator, phrases: Iterable[Phrase]) -> dict[Phrase, tuple[str, ...]]:
    """The translator's tokens of each phrase, without language and end tokens."""
    out: dict[Phrase, tuple[str, ...]] = {}
    distinct = list(dict.fromkeys(phrases))
    for language in dict.fromkeys(phrase.language for phrase in distinct):
        here = [phrase for phrase in distinct if phrase.language == language]
        bare, *rows = translator.tokenize(["", *(phrase.text for phrase in here)], language)
        head = len(bare) - 1
        out.update((phrase, tuple(row[head:-1])) for phrase, row in zip(here, rows, strict=True))
    return out
