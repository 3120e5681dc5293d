"""Entities marked by XML tags, a letter each, and read back by name (LabelPigeon, arXiv 2603.12021).

A translator that was tuned on tagged text keeps the names, so that nothing has to be matched by likeness, and one
translation of the sentence is enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from spanport.detokenize import detokenize
from spanport.systems.marked.markers import entities_of
from spanport.types import Sentence

Markers = Literal["auto", "brackets", "xml"]
_TAG = re.compile(r"<\s*(/?)\s*([a-z]{1,2})\s*>", re.IGNORECASE)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Untagged(NamedTuple):
    """Text without the tags; for each entity whose tags came back its half-open range of characters."""

    text: str
    ranges: Mapping[int, tuple[int, int]]


def tag_names(count: int) -> list[str]:
    """a, b, ..., z, aa, ab, ..."""
    return [(_LETTERS[i // 26 - 1] if i >= 26 else "") + _LETTERS[i % 26] for i in range(count)]


def uses_tags(markers: Markers, translator: Any) -> bool:
    """Whether entities are tagged; "auto": where the bundle says that its translator keeps tags."""
    return markers == "xml" or (markers == "auto" and bool(getattr(translator, "keeps_tags", False)))


def tag(sentence: Sentence) -> str:
    """Running text with ``<a>`` and ``</a>`` round the first entity, ``<b>`` and ``</b>`` round the second, ..."""
    entities = entities_of(sentence)
    named = sorted(zip(entities, tag_names(len(entities)), strict=True), key=lambda one: one[0][:2], reverse=True)
    if sentence.tokenized:
        words = sentence.word_texts()
        for entity, name in named:
            words[entity.start] = f"<{name}>{words[entity.start]}"
            words[entity.end - 1] += f"</{name}>"
        return detokenize(words, sentence.language)
    text = sentence.text
    for entity, name in named:
        first, last = sentence.words[entity.start][0], sentence.words[entity.end - 1][1]
        text = f"{text[:first]}<{name}>{text[first:last]}</{name}>{text[last:]}"
    return text


def untag(text: str, count: int) -> Untagged:
    """Take out the tags of so many entities; tags of other names stay as they are.

    A tag that opens and never closes, or holds nothing, gives no range. Blanks inside tags go where there are blanks
    outside, too.
    """
    numbers = {name: i for i, name in enumerate(tag_names(count))}
    out, at = "", 0
    opened: dict[int, int] = {}
    ranges: dict[int, tuple[int, int]] = {}
    for match in _TAG.finditer(text):
        number = numbers.get(match[2].lower())
        if number is None:
            continue
        out, at = _joined(out, text[at : match.start()]), match.end()
        if not match[1]:
            opened.setdefault(number, len(out))
        elif number in opened and number not in ranges:
            inner = out[opened[number] :]
            start = opened[number] + len(inner) - len(inner.lstrip())
            end = start + len(inner.strip())
            if start < end:
                ranges[number] = (start, end)
    return Untagged(_joined(out, text[at:]), ranges)


def _joined(before: str, after: str) -> str:
    """Both texts, with one of the blanks that a tag stood between."""
    return before + (after.lstrip() if not before or before[-1].isspace() else after)
