"""Labelled sentences and jobs for the tests of systems, written with brackets: ``[PER Ana] vive``."""

from __future__ import annotations

import re

import numpy as np

from spanport.types import Projection, Sentence, Span
from spanport.words import with_words
from spanport.work import Work

MARK = re.compile(r"\[([A-Z]+) ([^\]]*)\]")


def sentence(marked: str, language: str = "eng_Latn", score: float | None = None) -> Sentence:
    text, spans, at = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[at : match.start()]
        spans.append(Span(len(text), len(text) + len(match[2]), match[1], score))
        text += match[2]
        at = match.end()
    found = with_words(Sentence(text + marked[at:], language))
    return Sentence(found.text, language, found.words, tuple(spans))


def job(source: str, target: str, *links: tuple[int, int], language: str = "spa_Latn", **views: object) -> Work:
    pairs = np.array(sorted(links), np.int32).reshape(-1, 2)
    return Work(sentence(source), sentence(target, language), pairs, **views)  # type: ignore[arg-type]


def found(projection: Projection) -> list[tuple[str, str]]:
    return [(s.label, projection.target.text[s.start : s.end]) for s in projection.spans]
