"""Entities marked by square brackets in running text, and what comes back of them from a translator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from spanport.detokenize import detokenize
from spanport.types import Sentence, Span, word_ranges

MARKED = re.compile(r"\[.*?\]", re.DOTALL)
ACCEPT = 0.5
"""Strings match when their ratio is strictly greater."""


class Unmarked(NamedTuple):
    """Text without its markers; spans are character ranges of it."""

    text: str
    spans: tuple[tuple[int, int], ...]


class Entity(NamedTuple):
    """A span in words, half-open, with the span itself."""

    start: int
    end: int
    span: Span


def entities_of(sentence: Sentence) -> list[Entity]:
    """The spans of a sentence that cover a word, in order."""
    return [
        Entity(start, end, span) for span in sentence.spans for start, end, _ in word_ranges(sentence.words, (span,))
    ]


def mark(sentence: Sentence, only: int | None = None) -> str:
    """Running text with ``[`` and ``]`` round every entity, or round the one numbered ``only``.

    A sentence that came as words is detokenised, the brackets being words like any other
    (arXiv 2501.18750, marked back-translation; EasyProject, Chen et al. 2023).
    """
    ranges = [entity[:2] for i, entity in enumerate(entities_of(sentence)) if only in (None, i)]
    if sentence.tokenized:
        words = sentence.word_texts()
        for start, end in sorted(ranges, reverse=True):
            words[start:end] = ["[", *words[start:end], "]"]
        return detokenize(words, sentence.language)
    text = sentence.text
    for start, end in sorted(ranges, reverse=True):
        first, last = sentence.words[start][0], sentence.words[end - 1][1]
        text = f"{text[:first]}[{text[first:last]}]{text[last:]}"
    return text


def marked_spans(text: str) -> list[str]:
    """What stands in brackets, brackets included, from left to right."""
    return MARKED.findall(text)


def unmark(text: str, keep: Sequence[bool] = ()) -> Unmarked:
    """Take out the brackets of marked spans; those with a False in ``keep`` stay literally and give no span.

    Blanks inside the brackets go with them.
    """
    out, spans, at = "", [], 0
    for i, match in enumerate(MARKED.finditer(text)):
        if i < len(keep) and not keep[i]:
            continue
        inner = match[0][1:-1].strip()
        out += text[at : match.start()]
        if inner:
            spans.append((len(out), len(out) + len(inner)))
        out += inner
        at = match.end()
    return Unmarked(out + text[at:], tuple(spans))


def ratio(a: str, b: str) -> float:
    """difflib's similarity of two strings in [0, 1], case aside."""
    return SequenceMatcher(None, a.lower(), b.lower()).ratio()


def match_marked(spans: Sequence[str], translations: Sequence[str]) -> list[int]:
    """The entity behind each marked span, -1 where none is like it.

    Spans from left to right take, among the entities left, the one whose translation has the highest ratio, if
    that is greater than 0.5. As published, spans are compared with their brackets (arXiv 2501.18750).
    """
    free = dict(enumerate(translations))
    found = []
    for span in spans:
        best = max(free, key=lambda i: ratio(span, free[i]), default=-1)
        if best >= 0 and span[1:-1].strip() and ratio(span, free[best]) > ACCEPT:
            del free[best]
            found.append(best)
        else:
            found.append(-1)
    return found
