"""Records as they are looked at: the labelled source, where there is one, above the labelled target."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from spanport.report.sentences import Stretch, hues, stretches
from spanport.types import Alignment, Pair, Projection, Sentence, Span
from spanport.words import with_words

Viewable = Sentence | Pair | Projection


class Card(NamedTuple):
    """One record: its sides in stretches, its word links, and what it is found by."""

    number: int
    target: list[Stretch]
    source: list[Stretch] | None
    links: tuple[tuple[int, int], ...]
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    status: str
    languages: str
    traced: bool
    """Whether target spans say which source span they come from."""


def sides(record: Viewable) -> tuple[Sentence | None, Sentence, Alignment]:
    """Source, target with the labels to show, and links, with words on both sides where there are links."""
    if isinstance(record, Sentence):
        return None, record, Alignment()
    alignment = record.alignment or Alignment()
    target = record.labelled() if isinstance(record, Projection) else record.target
    source: Sentence | None = record.source
    if isinstance(record, Projection) and not record.source.text:
        source = None
    if source is not None and alignment.links:
        return worded(source), worded(target), alignment
    return source, target, Alignment()


def worded(sentence: Sentence) -> Sentence:
    """The sentence with its words."""
    return sentence if sentence.words else with_words(sentence)


def labels_of(record: Viewable) -> set[str]:
    """The labels on either side."""
    source, target, _ = sides(record)
    return {span.label for side in (source, target) if side is not None for span in side.spans}


def card(record: Viewable, number: int, colours: dict[str, int] | None = None) -> Card:
    """What is shown of a record; ``number`` is that of its line."""
    source, target, alignment = sides(record)
    labels = labels_of(record)
    colours = colours or hues(labels)
    spans = record.spans if isinstance(record, Projection) else target.spans
    words = [side.words if side is not None and alignment.links else () for side in (source, target)]
    return Card(
        number=number,
        target=stretches(target.text, spans, colours, words[1]),
        source=None if source is None else stretches(source.text, source.spans, colours, words[0]),
        links=alignment.links,
        labels=tuple(sorted(labels)),
        scores=tuple(span.score for span in target.spans if span.score is not None),
        status=record.status if isinstance(record, Projection) else "",
        languages=" → ".join(side.language for side in (source, target) if side is not None and side.language),
        traced=isinstance(record, Projection),
    )


def with_source_spans(projection: Projection) -> Projection:
    """The projection with the spans on its source that its own came from, where the source shows none."""
    if projection.source.spans:
        return projection
    origins = {span.source for span in projection.spans if span.source is not None}
    ordered: list[Span] = sorted(origins, key=lambda span: (span.start, span.end))
    return msgspec.structs.replace(
        projection, source=msgspec.structs.replace(projection.source, spans=tuple(ordered))
    )
