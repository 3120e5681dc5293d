"""For ``nmt.py``: naive scoring of every pair, and translators that count or remember forced translations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from spanport.detokenize import phrase
from spanport.matching.batch import pack
from spanport.matching.candidates import find_candidates
from spanport.matching.nmt import Phrase, pieces
from spanport.work import Work

NAIVE_BATCH = 8
"""Pairs in a batch of the published program."""


class Cost(msgspec.Struct):
    """Forced translations with the tokens that go through encoder and decoder, and CPU seconds."""

    forced: int = 0
    encoder: int = 0
    decoder: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return self.encoder + self.decoder

    def add(self, given: int, wanted: int) -> None:
        """One forced translation, by the pieces of both phrases; language and end tokens come on top."""
        self.forced, self.encoder, self.decoder = self.forced + 1, self.encoder + given + 2, self.decoder + wanted + 1


class Counting:
    """The translator, with every forced translation counted."""

    def __init__(self, translator: Any, cost: Cost) -> None:
        self.translator, self.cost = translator, cost
        self.calls: list[tuple[list[str], str, list[int]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.translator, name)

    def score(self, sources: list[str], targets: list[str], source_language: str, target_language: str) -> Any:
        """As the translator's own."""
        found = self.translator.score(sources, targets, source_language, target_language)
        self.calls.append((sources, source_language, [len(values) for values in found]))
        return found

    def settle(self) -> None:
        """Add the calls since the last time to the cost; tokenising anew is not to be timed."""
        for sources, language, sizes in self.calls:
            for tokens, size in zip(self.translator.tokenize(sources, language), sizes, strict=True):
                self.cost.add(len(tokens) - 2, size - 1)
        self.calls.clear()


class Known:
    """A translator that only remembers: log-probabilities by source, target and their languages."""

    def __init__(self, scores: dict[tuple[str, str, str, str], Any]) -> None:
        self.scores = scores

    def score(self, sources: list[str], targets: list[str], source_language: str, target_language: str) -> list[Any]:
        """As the translator's own."""
        rows = zip(sources, targets, strict=True)
        return [self.scores[source, target, source_language, target_language] for source, target in rows]


class Models:
    """Models whose translator is another one."""

    def __init__(self, models: Any, translator: Counting | Known) -> None:
        self._models, self._translator = models, translator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._models, name)

    def translator(self) -> Counting | Known:
        """The other translator."""
        return self._translator


def all_pairs(works: Sequence[Work]) -> list[tuple[Phrase, Phrase]]:
    """Every entity with every n-gram of its sentence."""
    batch = pack(works)
    candidates = find_candidates(batch, "ngram", stop_words=("!", "?"))
    out = []
    for b, work in enumerate(works):
        ranges = candidates.ranges[candidates.offsets[b] : candidates.offsets[b + 1]].tolist()
        targets = [Phrase(phrase(work.target, i, j), work.target.language) for i, j in ranges]
        for first, last, _ in batch.entities[batch.entity_offsets[b] : batch.entity_offsets[b + 1]].tolist():
            entity = Phrase(phrase(work.source, first, last), work.source.language)
            out += [(entity, target) for target in targets]
    return out


def count_naive(translator: Any, pairs: Sequence[tuple[Phrase, Phrase]], cost: Cost) -> None:
    """Add to the cost what four forced translations of every pair take."""
    lengths = {one: len(tokens) for one, tokens in pieces(translator, (p for pair in pairs for p in pair)).items()}
    for a, b in pairs:
        for given, wanted in ((a, b), (b, a), (a, a), (b, b)):
            cost.add(lengths[given], lengths[wanted])


def run_naive(translator: Any, pairs: Sequence[tuple[Phrase, Phrase]]) -> tuple[float, Known]:
    """Score every pair in the order given, four forced translations each: CPU seconds, and the results."""
    seconds, known = 0.0, Known({})
    for at in range(0, len(pairs), NAIVE_BATCH):
        here = pairs[at : at + NAIVE_BATCH]
        for x, y in ((0, 1), (1, 0), (0, 0), (1, 1)):
            given, wanted = [pair[x].text for pair in here], [pair[y].text for pair in here]
            languages = here[0][x].language, here[0][y].language
            start = time.process_time()
            found = translator.score(given, wanted, *languages)
            seconds += time.process_time() - start
            rows = zip(given, wanted, found, strict=True)
            known.scores.update(((source, target, *languages), values) for source, target, values in rows)
    return seconds, known
