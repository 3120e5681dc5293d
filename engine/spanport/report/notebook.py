"""Records as notebooks show them: HTML of its own colours, light or dark, with nothing to load."""

from __future__ import annotations

from spanport.report.cards import Viewable, card, labels_of, sides, with_source_spans
from spanport.report.ladder import ladder
from spanport.report.sentences import hues
from spanport.report.templates import fill
from spanport.types import Projection


def to_html(record: Viewable) -> str:
    """The source above the target, spans coloured; links between their words as lines, where there are some."""
    if isinstance(record, Projection):
        record = with_source_spans(record)
    colours = hues(labels_of(record))
    source, target, alignment = sides(record)
    drawing = ladder(source, target, alignment, colours) if source is not None and alignment.links else None
    return fill("notebook.html", card=card(record, 0, colours), drawing=drawing)
