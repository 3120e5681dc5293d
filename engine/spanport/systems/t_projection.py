"""Selection among given candidates (T-Projection, García-Ferrero et al. 2023); what writes them runs elsewhere.

In the published program words after the first are hardly compared where candidates are parts of words (its loop
starts at the sentence's number); here each is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

import msgspec

from spanport.detokenize import phrase
from spanport.errors import UsageError
from spanport.matching.nmt import NmtScorer, Phrase
from spanport.options import SystemOptions
from spanport.systems.base import Need, register
from spanport.systems.marked.markers import Entity, entities_of
from spanport.systems.tools import Tools
from spanport.systems.translation import languages_of
from spanport.types import ProjectedSpan, Projection, Sentence
from spanport.words import split_words
from spanport.work import Work

Range = tuple[int, int]


class TProjectionOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the candidates are, and what counts as finding one in the target."""

    candidates: str = ""
    """JSONL file, a line a target: {"target": "...", "candidates": {"PER": ["...", ...]}}; must be given."""
    inside_words: bool = False
    """A candidate's words may be parts of the target's, for agglutinative languages."""


class Row(msgspec.Struct, frozen=True):
    """What was generated for a target: texts by label."""

    target: str
    candidates: dict[str, tuple[str, ...]]


class Chosen(NamedTuple):
    """A candidate of an entity, and where it occurs in the target, in words."""

    text: str
    ranges: tuple[Range, ...]


@register("t-projection")
class TProjection:
    """Each entity goes to the candidate of its label that translates it best, at its first free occurrence.

    The likeness of an entity and a candidate is NMTScore; entities choose from left to right. Candidates come from a
    file, by the target's text; a target that the file lacks keeps no entity.
    """

    options: ClassVar = TProjectionOptions
    needs: ClassVar = frozenset[Need]({"source", "translator"})

    def __init__(self, settings: TProjectionOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    @cached_property
    def _scorer(self) -> NmtScorer:
        return NmtScorer(self.tools.translator)

    @cached_property
    def _rows(self) -> Mapping[str, Row]:
        if not self.settings.candidates:
            raise UsageError("t-projection selects among given candidates: pass their file, candidates=FILE.jsonl")
        return read_candidates(self.settings.candidates)

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order."""
        options = [self._options(work) for work in works]
        pairs = [
            (Phrase(phrase(work.source, entity.start, entity.end), source), Phrase(one.text, target))
            for work, own in zip(works, options, strict=True)
            if own
            for source, target in [languages_of(work.source, work.target, "t-projection")]
            for entity, found in own
            for one in found
        ]
        scores = iter(self._scorer.similarity(pairs).tolist() if pairs else [])
        return [
            Projection(
                work.target, select(work.target, own, [[next(scores) for _ in f] for _, f in own]), work.source
            )
            for work, own in zip(works, options, strict=True)
        ]

    def _options(self, work: Work) -> list[tuple[Entity, list[Chosen]]]:
        """Of each entity the candidates that occur in the target."""
        row = self._rows.get(_key(work.target.text))
        given = row.candidates if row else {}
        return [
            (entity, [Chosen(text, ranges) for text in texts if (ranges := self._occurrences(text, work.target))])
            for entity in entities_of(work.source)
            for texts in [dict.fromkeys(given.get(entity.span.label, ()))]
        ]

    def _occurrences(self, text: str, target: Sentence) -> tuple[Range, ...]:
        words = text.split() if target.tokenized else [text[i:j] for i, j in split_words(text, target.language)]
        return occurrences(words, target.word_texts(), inside=self.settings.inside_words)


def read_candidates(path: str) -> dict[str, Row]:
    """The rows of a file, by their target without blanks. Raises UsageError for a file or a line that is none."""
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise UsageError(f"candidates {path}: {error}") from error
    rows = {}
    for number, line in enumerate(lines, 1):
        try:
            row = msgspec.json.decode(line, type=Row) if line.strip() else None
        except msgspec.DecodeError as error:
            shape = '{"target": "...", "candidates": {"PER": ["..."]}}'
            raise UsageError(f"{path}, line {number}: {error}; expected {shape}") from error
        if row:
            rows[_key(row.target)] = row
    return rows


def occurrences(words: Sequence[str], target: Sequence[str], *, inside: bool = False) -> tuple[Range, ...]:
    """Half-open ranges of the target that are these words; without case and punctuation where none is exactly so.

    inside: each of the words may be a part of the target's.
    """
    tests: list[Callable[[str, str], bool]] = [str.__eq__, lambda a, b: _bare(a) == _bare(b) != ""]
    if inside:
        tests.append(lambda a, b: _bare(a) != "" and _bare(a) in _bare(b))
    n = len(words)
    for test in tests:
        found = tuple(
            (start, start + n)
            for start in range(len(target) - n + 1)
            if n and all(map(test, words, target[start : start + n]))
        )
        if found:
            return found
    return ()


def select(
    target: Sentence, options: Sequence[tuple[Entity, list[Chosen]]], scores: Sequence[Sequence[float]]
) -> tuple[ProjectedSpan, ...]:
    """Spans in text order: from left to right each entity takes the best candidate that has a free occurrence."""
    taken: set[int] = set()
    spans = []
    for (entity, found), own in zip(options, scores, strict=True):
        best: tuple[float, Range] | None = None
        for one, score in zip(found, own, strict=True):
            free = next((r for r in one.ranges if taken.isdisjoint(range(*r))), None)
            if free is not None and (best is None or score > best[0]):
                best = (score, free)
        if best is not None:
            score, (start, end) = best
            taken.update(range(start, end))
            place = target.words[start][0], target.words[end - 1][1]
            spans.append(ProjectedSpan(*place, entity.span.label, min(1.0, score), entity.span))
    return tuple(sorted(spans, key=lambda span: span.start))


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _key(text: str) -> str:
    return "".join(text.split())
