"""Sentences with their spans in colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from spanport.evaluate import Disagreement
from spanport.types import Sentence

HUES = {"PER": 210, "LOC": 130, "ORG": 30, "MISC": 285, "DATE": 55}


def hues(labels: Iterable[str]) -> dict[str, int]:
    """A hue in degrees for every label: fixed for the usual ones, spread evenly for others."""
    others = sorted(set(labels) - set(HUES))
    return {**HUES, **{label: (345 + 137 * i) % 360 for i, label in enumerate(others)}}


def coloured(sentence: Sentence, colours: dict[str, int]) -> str:
    """The text as HTML, each span marked with its label; where spans overlap the earlier one keeps its text."""
    text, parts, at = sentence.text, [], 0
    for span in sorted(sentence.spans, key=lambda span: (span.start, span.end)):
        start = max(span.start, at)
        if start >= span.end:
            continue
        score = "" if span.score is None else f' title="confidence {span.score:.3f}"'
        parts.append(
            f"{escape(text[at:start])}<mark style='--hue:{colours[span.label]}'{score}>"
            f"{escape(text[start : span.end])}<b dir='ltr'>{escape(span.label)}</b></mark>"
        )
        at = span.end
    return "".join(parts) + escape(text[at:])


def disagreement(item: Disagreement, colours: dict[str, int]) -> str:
    """The source above the gold labels and each group of systems that label the target alike."""
    rows = [("source", item.source)] if item.source is not None else []
    rows.append(("gold", item.gold))
    rows += _grouped(item.predicted)
    lines = "".join(
        f"<div class='row'><span>{escape(name)}</span><p dir='auto'>{coloured(sentence, colours)}</p></div>"
        for name, sentence in rows
    )
    return f"<details open><summary>sentence {item.number + 1}</summary>{lines}</details>"


def labels_of(items: Sequence[Disagreement]) -> set[str]:
    """Every label on the sentences."""
    sentences = [s for item in items for s in (item.source, item.gold, *item.predicted.values()) if s is not None]
    return {span.label for sentence in sentences for span in sentence.spans}


def _grouped(predicted: dict[str, Sentence]) -> list[tuple[str, Sentence]]:
    groups: dict[tuple[tuple[int, int, str], ...], tuple[list[str], Sentence]] = {}
    for name, sentence in predicted.items():
        key = tuple((span.start, span.end, span.label) for span in sentence.spans)
        groups.setdefault(key, ([], sentence))[0].append(name)
    return [(", ".join(names), sentence) for names, sentence in groups.values()]
