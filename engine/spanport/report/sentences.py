"""Sentences with their spans in colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple, Protocol

from markupsafe import Markup

from spanport.evaluate import Disagreement
from spanport.report.templates import draw
from spanport.types import ProjectedSpan, Sentence

HUES = {"PER": 210, "LOC": 130, "ORG": 30, "MISC": 285, "DATE": 55}


class Labelled(Protocol):
    """What is shown of a span; both kinds of span have it."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def score(self) -> float | None: ...


class Part(NamedTuple):
    """A stretch of text; ``word`` is its number, where words are told apart."""

    text: str
    word: int | None = None


class Stretch(NamedTuple):
    """Text under the same spans: the hue of the shortest (None: there is none), the labels of those that end here.

    ``keys`` names the entities that all of these spans are of.
    """

    parts: list[Part]
    hue: int | None = None
    tags: tuple[str, ...] = ()
    hint: str = ""
    keys: str = ""


def hues(labels: Iterable[str]) -> dict[str, int]:
    """A hue in degrees for every label: fixed for the usual ones, spread evenly for others."""
    others = sorted(set(labels) - set(HUES))
    return {**HUES, **{label: (345 + 137 * i) % 360 for i, label in enumerate(others)}}


def stretches(
    text: str, spans: Iterable[Labelled], colours: dict[str, int], words: Sequence[tuple[int, int]] = ()
) -> list[Stretch]:
    """The whole text in stretches, every span that covers any of it with its label, overlapping or not."""
    size = len(text)
    shown = [span for span in spans if max(span.start, 0) < min(span.end, size)]
    ends = [end for span in shown for end in (span.start, span.end)]
    cuts = sorted({0, size, *(min(max(cut, 0), size) for cut in ends), *(cut for word in words for cut in word)})
    number = {start: (n, end) for n, (start, end) in enumerate(words)}
    pieces, word, until = [], None, 0
    for start, end in pairwise(cuts):
        if start in number:
            word, until = number[start]
        over = tuple(i for i, span in enumerate(shown) if span.start < end and start < span.end)
        pieces.append((over, end, Part(text[start:end], word if end <= until else None)))
    return [
        _stretch(shown, colours, over, list(group)) for over, group in groupby(pieces, key=lambda piece: piece[0])
    ]


def _stretch(
    spans: Sequence[Labelled],
    colours: dict[str, int],
    over: tuple[int, ...],
    pieces: list[tuple[tuple[int, ...], int, Part]],
) -> Stretch:
    parts, end = [part for _, _, part in pieces], pieces[-1][1]
    if not over:
        return Stretch(parts)
    covering = sorted((spans[i] for i in over), key=lambda span: span.end - span.start)
    scores = [f"{span.label} {span.score:.3f}" for span in covering if span.score is not None]
    ending = tuple(span.label for span in covering if span.end <= end)
    hint, keys = f"confidence {', '.join(scores)}" if scores else "", " ".join(sorted(map(key_of, covering)))
    return Stretch(parts, colours[covering[0].label], ending, hint, keys)


def key_of(span: Labelled) -> str:
    """A name of the entity that a span is of, the same on both sides of a projection."""
    if not isinstance(span, ProjectedSpan):
        return f"{span.start}-{span.end}"
    return f"{span.source.start}-{span.source.end}" if span.source else f"target-{span.start}-{span.end}"


def coloured(sentence: Sentence, colours: dict[str, int]) -> Markup:
    """The text as HTML, each span marked with its label."""
    return draw("sentence.html", "text", stretches(sentence.text, sentence.spans, colours))


def grouped(item: Disagreement) -> list[tuple[str, Sentence]]:
    """The source, the gold labels, and each group of systems that label the target alike, by name."""
    rows = [("source", item.source)] if item.source is not None else []
    groups: dict[tuple[tuple[int, int, str], ...], tuple[list[str], Sentence]] = {}
    for name, sentence in item.predicted.items():
        key = tuple((span.start, span.end, span.label) for span in sentence.spans)
        groups.setdefault(key, ([], sentence))[0].append(name)
    return [*rows, ("gold", item.gold), *((", ".join(names), sentence) for names, sentence in groups.values())]


def labels_of(items: Sequence[Disagreement]) -> set[str]:
    """Every label on the sentences."""
    return {span.label for item in items for _, sentence in grouped(item) for span in sentence.spans}
