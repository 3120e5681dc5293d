"""Where the brackets round one entity go in a given translation, found by scoring marked sentences.

CODEC (Le et al. 2024) decodes step by step and branches at every token. Here whole sentences are scored by teacher
forcing: a sentence with the opening bracket alone gives the score of each of its prefixes, which bounds every
placement that opens there, and the placements with the best bounds are scored first, many at a time. Scores and
pruning rule are those of the original; brackets stand between words only, and a bound may be off by how the
tokenizer cuts a word that a bracket follows.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from spanport.ports import Float32, Translator
from spanport.types import Sentence

STRONG, WEAK, NEAR = 0.5, 0.1, 5
"""Changes of log-probability that admit an opening, and how near a strong one a weak one must be, in tokens."""


class Ask(NamedTuple):
    """Log-probabilities wanted of ``target`` as translation of ``source``; ``back``: in the other direction."""

    source: str
    target: str
    back: bool = False


Result = TypeVar("Result")
Search: TypeAlias = Generator[list[Ask], list[Float32], Result]
"""Yields what it wants scored, is sent the log-probabilities of the tokens of each, and returns its result."""


class Placement(NamedTuple):
    """Brackets round the words ``[start, end)``; score: summed log-probability of the marked sentence."""

    start: int
    end: int
    score: float


class Beam(NamedTuple):
    """How wide the search is; see `CodecOptions`."""

    keep: int
    lookahead: int
    frontier: int


class Template:
    """A target sentence into which brackets are put."""

    def __init__(self, sentence: Sentence, translator: Translator, other_language: str) -> None:
        self.text, self.words = sentence.text, sentence.words
        self._sentence, self._translator, self._other = sentence, translator, other_language

    def marked(self, start: int, end: int | None = None, *, until: int | None = None) -> str:
        """The text with ``[`` before word ``start``, ``]`` after word ``end - 1``, cut after word ``until - 1``."""
        first = self.words[start][0]
        text = f"{self.text[:first]} [ "
        last = len(self.text) if until is None else self.words[until - 1][1]
        if end is None:
            return _tidy(text + self.text[first:last])
        close = self.words[end - 1][1]
        return _tidy(f"{text}{self.text[first:close]} ] {self.text[close:last]}")

    def plain(self) -> str:
        """The text as it is."""
        return _tidy(self.text)

    def word_starts(self) -> list[int]:
        """The number of tokens before each word."""
        return self.tokens([_tidy(self.text[:start]) for start, _ in self.words])

    def tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without specials."""
        rows = self._translator.tokenize(["", *texts], self._sentence.language, self._other)
        return [len(row) - len(rows[0]) for row in rows[1:]]


def run_searches(
    searches: Sequence[Search[Result]], languages: Sequence[tuple[str, str]], translator: Translator
) -> list[Result]:
    """Run searches side by side, so that what they ask for next is scored in shared batches.

    languages: source and target language of each search. Equal questions of a round are scored once.
    """
    results: dict[int, Result] = {}
    wanted: dict[int, list[Ask]] = {}

    def advance(i: int, answer: list[Float32] | None) -> None:
        try:
            wanted[i] = searches[i].send(answer)  # type: ignore[arg-type]
        except StopIteration as end:
            results[i] = end.value

    for i in range(len(searches)):
        advance(i, None)
    while wanted:
        asked, wanted = wanted, {}
        answers = _score([(ask, languages[i]) for i, asks in asked.items() for ask in asks], translator)
        for i, asks in asked.items():
            advance(i, [answers[ask, languages[i]] for ask in asks])
    return [results[i] for i in range(len(searches))]


def _score(
    questions: Sequence[tuple[Ask, tuple[str, str]]], translator: Translator
) -> dict[tuple[Ask, tuple[str, str]], Float32]:
    groups: dict[tuple[str, str], list[tuple[Ask, tuple[str, str]]]] = {}
    for question in dict.fromkeys(questions):
        source, target = question[1]
        groups.setdefault((target, source) if question[0].back else (source, target), []).append(question)
    answers: dict[tuple[Ask, tuple[str, str]], Float32] = {}
    for languages, group in groups.items():
        rows = translator.score([ask.source for ask, _ in group], [ask.target for ask, _ in group], *languages)
        answers.update(zip(group, rows, strict=True))
    return answers


def place(template: Template, source: str, marked_source: str, beam: Beam) -> Search[list[Placement]]:
    """Placements of the one entity that is marked in ``marked_source``.

    Openings are first pruned: where marking the source changes no token's probability, no bracket opens. Then
    placements are scored best bound first, until no bound beats the worst of the ``keep`` best.
    """
    plain, marked = yield [Ask(source, template.plain()), Ask(marked_source, template.plain())]
    openings = allowed_openings(np.abs(plain - marked)[:-1], template.word_starts())
    opened = yield [Ask(marked_source, template.marked(start)) for start in openings]
    queue = _bounds(template, openings, opened)
    best: list[tuple[float, int, int, Float32]] = []
    while queue:
        frontier: list[tuple[int, int]] = []
        while queue and len(frontier) < beam.frontier:
            bound, start, end, at = heapq.heappop(queue)
            if len(best) < beam.keep or -bound > _limit(best[-1], at, beam.lookahead):
                frontier.append((start, end))
        scored = (yield [Ask(marked_source, template.marked(*each)) for each in frontier]) if frontier else []
        for (start, end), row in zip(frontier, scored, strict=True):
            best.append((float(row.sum()), start, end, np.cumsum(row)))
        best = sorted(best, key=lambda item: (-item[0], item[1], item[2]))[: beam.keep]
    return [Placement(start, end, score) for score, start, end, _ in best]


def allowed_openings(change: Float32, word_starts: Sequence[int]) -> list[int]:
    """Words before which a bracket may open.

    change: float32 (T,), by how much each token's log-probability changes when the source is marked; word_starts:
    first token of each word. Tokens that change strongly count, and those near one that change a little; if there
    are none, all words are allowed.
    """
    strong = np.flatnonzero(change >= STRONG)
    near = [t for t in np.flatnonzero(change >= WEAK).tolist() if np.abs(strong - t).min(initial=NEAR + 1) <= NEAR]
    words = np.searchsorted(np.asarray(word_starts), sorted({*strong.tolist(), *near}), side="right") - 1
    return sorted({int(word) for word in words if word >= 0}) or list(range(len(word_starts)))


def _bounds(
    template: Template, openings: Sequence[int], opened: Sequence[Float32]
) -> list[tuple[float, int, int, int]]:
    """A heap of (minus bound, start, end, tokens so far): nothing that opens and closes there scores more."""
    pairs = [(start, end) for start in openings for end in range(start + 1, len(template.words) + 1)]
    counts = template.tokens([template.marked(start, until=end) for start, end in pairs])
    sums = {start: np.concatenate([[0.0], np.cumsum(row)]) for start, row in zip(openings, opened, strict=True)}
    heap = [
        (-float(sums[start][min(count, len(sums[start]) - 1)]), start, end, count)
        for (start, end), count in zip(pairs, counts, strict=True)
    ]
    heapq.heapify(heap)
    return heap


def _limit(worst: tuple[float, int, int, Float32], at: int, lookahead: int) -> float:
    """The score of the worst kept placement ``lookahead`` tokens further on; its final one if that is negative."""
    sums = worst[3]
    return float(sums[-1] if lookahead < 0 else sums[min(at + lookahead, len(sums)) - 1])


def _tidy(text: str) -> str:
    return " ".join(text.split())
