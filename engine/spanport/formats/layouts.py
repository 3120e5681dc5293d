"""Where JSON records keep their labels: the layouts that are read, and what else could be labels.

==============================  ==========================================================
field                           items
==============================  ==========================================================
spans, entities, label, labels  ``{"start", "end", "label"}``, or with ``start_offset`` and
                                ``end_offset`` (doccano), with ``labels`` of one (Label Studio's CSV and JSON-MIN),
                                or ``[start, end, label]``
labels, ner_tags, tags          one IOB1, IOB2, BIOES or BILOU label per token
==============================  ==========================================================

A field of another kind under one of these names (``"label": "sports"``) is data like any other. A record keeps its
labels in one place, or as spans and as tags; where none of these is there, a field that could be labels is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spanport.errors import FormatError
from spanport.labels import is_label

SPAN_FIELDS = ("spans", "entities", "label", "labels")
TAG_FIELDS = ("labels", "ner_tags", "tags")
FIELDS = tuple(dict.fromkeys((*SPAN_FIELDS, *TAG_FIELDS)))
SUSPECTS = frozenset({"annotations", "predictions", "ner", "named_entities", "mentions", "completions"})
STARTS = ("start", "start_offset", "begin", "from", "offset")
ENDS = ("end", "end_offset", "to", "length")


def to_own_layout(fields: dict[str, Any]) -> dict[str, Any]:
    """The record with its labels under ``spans`` or ``labels``, whatever layout they came in.

    Raises:
        FormatError: labels stand in two fields, are numbers, or seem to stand where none are looked for.
    """
    found = {name: kind for name in FIELDS if fields.get(name) is not None and (kind := _kind(name, fields))}
    filled = [name for name in found if fields[name]]
    kinds = [found[name] for name in filled]
    if len(set(kinds)) < len(kinds):
        raise FormatError(f"both {_quoted(filled)} are there; expected one of them: remove the others")
    kept = without_labels(fields)
    if not found:
        suspect = next((name for name, value in kept.items() if could_be_labels(name, value)), None)
        if suspect is not None:
            raise FormatError(
                f'"{suspect}" could be labels, in a layout that is not read; expected "spans" or "entities": '
                '[{"start", "end", "label"}], "label": [[start, end, label]], or "ner_tags": a label per token'
            )
    for name in filled or list(found)[:1]:
        value = fields[name]
        if found[name] == "tags":
            kept["labels"] = _names(name, value)
        else:
            kept["spans"] = [_span(item) for item in value] if isinstance(value, list) else value
            if name == "label":
                _take_scores(kept)
    return kept


def choose_labels(fields: dict[str, Any], column: str) -> dict[str, Any]:
    """The record with the labels of a column that was named, and of no other field.

    Raises:
        FormatError: there is no such field, or it holds no labels.
    """
    if column not in fields:
        raise FormatError(f"there is no field {column!r}; there are {', '.join(map(repr, fields)) or 'none'}")
    value = fields[column]
    rest = without_labels({name: other for name, other in fields.items() if name != column})
    if value is None:
        return {**rest, "spans": []}
    if not isinstance(value, list):
        raise FormatError(f"field {column!r} is {value!r:.80}; expected a list of spans, or of a label per token")
    return {**rest, "labels" if all(isinstance(item, str | int) for item in value) else "spans": value}


def without_labels(fields: dict[str, Any]) -> dict[str, Any]:
    """The record without the fields that `to_own_layout` reads as labels."""
    return {name: value for name, value in fields.items() if name not in FIELDS or not _kind(name, fields)}


def could_be_labels(name: str, value: Any) -> bool:
    """Whether a field looks like spans or tags."""
    if isinstance(value, dict):
        return any(could_be_labels(key, item) for key, item in value.items())
    if not isinstance(value, list) or not value:
        return False
    if name in SUSPECTS or all(isinstance(item, str) and is_label(item) for item in value):
        return True
    if all(isinstance(item, dict) for item in value):
        return all(_has_int(item, STARTS) and _has_int(item, ENDS) for item in value)
    return all(isinstance(item, list) and _is_triple(item) for item in value)


def _kind(name: str, fields: dict[str, Any]) -> str:
    """``spans`` or ``tags`` where the field is one of labels, else nothing."""
    value = fields[name]
    if name in ("spans", "ner_tags") or value is None:
        return "spans" if name == "spans" else "tags"
    if not isinstance(value, list):
        return ""
    of_tokens = name in TAG_FIELDS and isinstance(fields.get("tokens"), list)
    if name in SPAN_FIELDS and all(isinstance(item, dict | list) for item in value) and (value or not of_tokens):
        return "spans"
    tagged = name in TAG_FIELDS and all(isinstance(item, str) and is_label(item) for item in value)
    return "tags" if of_tokens or tagged else ""


def _take_scores(fields: dict[str, Any]) -> None:
    """Give each span its score, where a field ``scores`` beside doccano's labels holds one for each."""
    spans, scores = fields["spans"], fields.get("scores")
    if isinstance(scores, list) and len(scores) == len(spans) and all(isinstance(span, dict) for span in spans):
        del fields["scores"]
        fields["spans"] = [{**span, "score": score} for span, score in zip(spans, scores, strict=True)]


def _names(field: str, tags: Any) -> Any:
    if isinstance(tags, list) and any(isinstance(tag, int) for tag in tags):
        raise FormatError(
            f'"{field}" holds numbers, which have no names here; convert the data set it comes from, which knows them'
        )
    return tags


def _span(item: Any) -> Any:
    """A span as a dictionary of our names."""
    if isinstance(item, list) and len(item) == 3:
        return dict(zip(("start", "end", "label"), item, strict=True))
    if isinstance(item, dict) and "start_offset" in item:
        return {**item, "start": item["start_offset"], "end": item.get("end_offset")}
    if isinstance(item, dict) and isinstance(labels := item.get("labels"), list) and "label" not in item:
        if len(labels) != 1:
            raise FormatError(f"a span has the labels {labels!r:.60}, expected exactly one")
        return {**item, "label": labels[0]}
    return item


def _has_int(item: dict[str, Any], names: Iterable[str]) -> bool:
    return any(type(item.get(name)) is int for name in names)


def _is_triple(item: list[Any]) -> bool:
    return len(item) == 3 and sorted(type(part).__name__ for part in item) == ["int", "int", "str"]


def _quoted(names: Iterable[str]) -> str:
    return " and ".join(f'"{name}"' for name in names)
