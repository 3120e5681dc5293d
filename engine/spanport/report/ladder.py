"""A sentence pair as a drawing: source above target, spans coloured, links as lines between the words."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from spanport.types import Alignment, Sentence

UNIT, GAP, MARGIN = 8.0, 9.0, 10.0
"""Pixels of a character of usual width, between words, and at the sides."""

NARROW, WIDE = frozenset("iljtfr.,:;'|!()[]I·"), frozenset("mwMWQO@%&")


class Box(NamedTuple):
    """A word, or a span over words: its middle and half its width, in pixels."""

    text: str
    middle: float
    half: float
    hue: int | None = None


class Ladder(NamedTuple):
    """Both sides, from the left: words and spans; and for each link where it starts and ends."""

    source: list[Box]
    target: list[Box]
    source_spans: list[Box]
    target_spans: list[Box]
    lines: list[tuple[float, float]]
    width: float


def ladder(source: Sentence, target: Sentence, alignment: Alignment, colours: dict[str, int]) -> Ladder:
    """The drawing of two sentences with words; links to words that are not there are left out."""
    sides = [_row(sentence) for sentence in (source, target)]
    width = max(2 * MARGIN, *(box.middle + box.half + MARGIN for side in sides for box in side))
    sides = [
        [box._replace(middle=width - box.middle) for box in side] if _leftward(sentence) else side
        for side, sentence in zip(sides, (source, target), strict=True)
    ]
    spans = [_spans(sentence, side, colours) for sentence, side in zip((source, target), sides, strict=True)]
    lines = [
        (sides[0][i].middle, sides[1][j].middle)
        for i, j in alignment
        if 0 <= i < len(sides[0]) and 0 <= j < len(sides[1])
    ]
    return Ladder(sides[0], sides[1], spans[0], spans[1], lines, width)


def _row(sentence: Sentence) -> list[Box]:
    boxes, at = [], MARGIN
    for text in sentence.word_texts():
        half = max(1.0, sum(map(_units, text))) * UNIT / 2
        boxes.append(Box(text, at + half, half))
        at += 2 * half + GAP
    return boxes


def _spans(sentence: Sentence, words: list[Box], colours: dict[str, int]) -> list[Box]:
    found = []
    for first, last, label in sentence.word_spans():
        ends = [edge for word in words[first:last] for edge in (word.middle - word.half, word.middle + word.half)]
        low, high = min(ends) - 3, max(ends) + 3
        found.append(Box(label, (low + high) / 2, (high - low) / 2, colours[label]))
    return found


def _units(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.8
    if character in NARROW:
        return 0.6
    return 1.35 if character in WIDE else 1.15 if character.isupper() else 1.0


def _leftward(sentence: Sentence) -> bool:
    """Whether the first letter that has a direction is written from right to left."""
    directions = (unicodedata.bidirectional(character) for character in sentence.text)
    return next((d in ("R", "AL") for d in directions if d in ("L", "R", "AL")), False)
