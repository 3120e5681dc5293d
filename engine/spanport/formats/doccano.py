"""doccano's JSON lines for sequence labelling: ``{"text", "label": [[start, end, label], ...]}``.

Scores go into a field ``scores`` beside the labels, in their order. Reading is that of `spanport.formats.jsonl`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spanport.formats.fields import fields_of, fields_of_projection
from spanport.formats.jsonl import line_of
from spanport.types import ProjectedSpan, Projection, Sentence, Span


def encode_doccano(sentence: Sentence) -> bytes:
    """One line."""
    return line_of(_fields(fields_of(sentence), sentence.spans), sentence.text)


def encode_doccano_projection(projection: Projection) -> bytes:
    """One line: the target with its projected spans."""
    return line_of(_fields(fields_of_projection(projection), projection.spans), projection.target.text)


def _fields(fields: dict[str, Any], spans: Sequence[Span | ProjectedSpan]) -> dict[str, Any]:
    del fields["spans"]
    fields["label"] = [(span.start, span.end, span.label) for span in spans]
    if any(span.score is not None for span in spans):
        fields["scores"] = [span.score for span in spans]
    return fields
