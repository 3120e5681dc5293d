"""How records look to a person: one line in a terminal, HTML in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spanport.types import Pair, ProjectedSpan, Projection, Sentence, Span

LONGEST = 80
"""Most characters of a text that a line shows."""


def shown_sentence(sentence: Sentence) -> str:
    """The text, its language, and its spans: ``<Sentence spa_Latn 'Ana vive en Lima.' PER 'Ana', LOC 'Lima'>``."""
    return f"<Sentence {_language(sentence)}{_text(sentence.text)}{_spans(sentence.text, sentence.spans)}>"


def shown_pair(pair: Pair) -> str:
    """Source and target, and how many links join them."""
    links = "no links given" if pair.alignment is None else counted(len(pair.alignment), "link")
    return f"<Pair {shown_sentence(pair.source)} -> {shown_sentence(pair.target)}, {links}>"


def shown_projection(projection: Projection) -> str:
    """The target with the projected spans, their confidences and the source spans they come from."""
    target, source = projection.target, projection.source
    spans = _spans(target.text, projection.spans, source.text)
    status = "" if projection.status == "optimal" else f" {projection.status}"
    return f"<Projection {_language(target)}{_text(target.text)}{spans}{status}>"


def html_of(record: Sentence | Pair | Projection) -> str:
    """The record as notebooks show it; see `spanport.report.to_html`."""
    from spanport.report import to_html

    return to_html(record)


def _language(sentence: Sentence) -> str:
    return f"{sentence.language} " if sentence.language else ""


def _text(text: str) -> str:
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def _spans(text: str, spans: Iterable[Span | ProjectedSpan], source: str = "") -> str:
    shown = []
    for span in spans:
        score = "" if span.score is None else f" {span.score:.2f}"
        origin = getattr(span, "source", None)
        came_from = f" from {_text(source[origin.start : origin.end])}" if origin is not None else ""
        shown.append(f"{span.label} {_text(text[span.start : span.end])}{score}{came_from}")
    return "".join(f"{', ' if i else ' '}{one}" for i, one in enumerate(shown))


def counted(number: int, what: str) -> str:
    """A number of things in words: ``1 record``, ``2,000 records``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
