"""NMTScore direct (Vamvas and Sennrich 2022), normalised, in both directions, through a translator's ``score``.

``s(y | x) = 2 ** mean(natural-log probability of y's tokens given x)``, the end token included, the language token
left out; ``similarity(a, b) = (s(a | b) / s(a | a) + s(b | a) / s(b | b)) / 2``, which may exceed 1 and is not
clipped, as in the published program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.errors import UsageError
from spanport.ports import Translator

Float64 = npt.NDArray[np.float64]

BATCH = 16
"""Phrases in a batch: on a CPU larger ones are slower, as their vocabulary-wide outputs leave the cache (a batch of
192 took 2 to 3 times as long per phrase)."""

CACHE = 500_000
"""Token-probability results kept; the oldest go first."""


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
        self._known: dict[tuple[Phrase, Phrase], float] = {}

    def likelihoods(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """``s(second | first)`` of each pair, float64 (len(pairs),)."""
        found = dict.fromkeys(pairs, 0.0)
        missing = [pair for pair in found if pair not in self._known]
        found.update((pair, self._known[pair]) for pair in found if pair in self._known)
        found.update(zip(missing, (sums.likelihood for sums in self.force(missing)), strict=True))
        self._known.update((pair, found[pair]) for pair in missing)
        while len(self._known) > self.cache:
            del self._known[next(iter(self._known))]
        return np.array([found[pair] for pair in pairs])

    def similarity(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> Float64:
        """NMTScore of each pair, float64 (len(pairs),)."""
        both = [(b, a) for a, b in pairs] + list(pairs) + [(a, a) for a, _ in pairs] + [(b, b) for _, b in pairs]
        a_from_b, b_from_a, a_from_a, b_from_b = self.likelihoods(both).reshape(4, -1)
        return np.asarray((a_from_b / a_from_a + b_from_a / b_from_b) / 2)

    def force(self, pairs: Sequence[tuple[Phrase, Phrase]]) -> list[Sums]:
        """Force each second phrase out of the first. Batches hold phrases of similar length.

        Raises UsageError for a phrase of unknown language.
        """
        out: dict[int, Sums] = {}
        for given, wanted in dict.fromkeys((a.language, b.language) for a, b in pairs):
            if not given or not wanted:
                raise UsageError("the NMT score translates, so it must know both languages; pass their codes")
            here = [i for i, (a, b) in enumerate(pairs) if (a.language, b.language) == (given, wanted)]
            here.sort(key=lambda i: (len(pairs[i][1].text), len(pairs[i][0].text)))
            for at in range(0, len(here), BATCH):
                part = here[at : at + BATCH]
                sources, targets = ([pairs[i][side].text for i in part] for side in (0, 1))
                for i, values in zip(part, self.translator.score(sources, targets, given, wanted), strict=True):
                    out[i] = Sums(np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)]))
                    self.tokens += len(values)
        self.scored += len(pairs)
        return [out[i] for i in range(len(pairs))]


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
