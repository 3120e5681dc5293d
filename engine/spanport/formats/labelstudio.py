"""Label Studio tasks with predictions or annotations: a JSON list, or one task a line; its JSON-MIN is read too.

A task that is read gives the spans of its first annotation that was not cancelled, else those of its first
prediction. Written are predictions with their scores, for projections with the source sentence as ``data.source``.
Offsets count Unicode characters; Label Studio's older versions export UTF-16 units, which the text that comes with a
span tells: read those with ``--offsets utf16``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from spanport.errors import FormatError, RecordError, UsageError
from spanport.formats.arrow import shown_row
from spanport.formats.fields import sentence_of_fields
from spanport.formats.lines import Source, read_lines
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.staged import Staged

VERSION = "spanport"
"""The model version that predictions are entered under."""

OWN = ("text", "language", "tokens", "spans", "projection")


def read_label_studio(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per task; of a list in one file the number of the task stands for its line.

    Raises:
        UsageError: at once, when the file is not JSON.
    """
    lines = read_lines(source)
    first = next((line for line in lines if line.strip()), b"[]")
    if first.lstrip().startswith(b"["):
        try:
            tasks: Iterable[Any] = msgspec.json.decode(b"\n".join(chain([first], lines)), type=list[Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise UsageError(f"this is no list of Label Studio tasks: {error}") from error
    else:
        tasks = map(_task_of_line, chain([first], lines))
    return _read(tasks, reading)


def save_label_studio(path: str, records: Staged) -> None:
    """Write the records as a JSON list of tasks with one prediction each."""
    with open(path, "wb") as file:
        start = b"[\n"
        for number, fields in enumerate(records, 1):
            file.write(start + msgspec.json.encode(_task(number, fields)))
            start = b",\n"
        file.write(b"\n]\n" if start == b",\n" else b"[]\n")


def _task(number: int, fields: dict[str, Any]) -> dict[str, Any]:
    projection = fields.get("projection")
    context = {"source": projection["source"]} if isinstance(projection, dict) and "source" in projection else {}
    kept = {name: value for name, value in fields.items() if name not in OWN}
    own = {name: fields[name] for name in OWN if name in fields and name not in ("text", "spans")}
    data = {"text": fields["text"], **context, **({"record": {**own, **kept}} if own or kept else {})}
    spans = fields["spans"]
    scores = [span["score"] for span in spans if "score" in span]
    prediction = {
        "model_version": VERSION,
        **({"score": sum(scores) / len(scores)} if scores else {}),
        "result": [_region(f"{number}-{i}", span) for i, span in enumerate(spans, 1)],
    }
    return {"data": data, "predictions": [prediction]}


def _region(name: str, span: dict[str, Any]) -> dict[str, Any]:
    value = {"start": span["start"], "end": span["end"], "text": span["text"], "labels": [span["label"]]}
    score = {"score": span["score"]} if "score" in span else {}
    return {"id": name, "from_name": "label", "to_name": "text", "type": "labels", "value": value, **score}


def _task_of_line(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        return FormatError(f"not a task: {error}", record=line.decode(errors="backslashreplace"))


def _read(tasks: Iterable[Any], reading: Reading) -> Iterator[ReadResult]:
    inner = msgspec.structs.replace(reading, text_column=None)
    for number, task in enumerate(tasks, 1):
        try:
            yield Read(number, sentence_of_fields(_fields(task, reading), inner))
        except RecordError as error:
            error.line = number
            yield Rejected(number, error, error.record or shown_row(task))


def _fields(task: Any, reading: Reading) -> dict[str, Any]:
    if isinstance(task, FormatError):
        raise task
    data = task.get("data") if isinstance(task, dict) else None
    name = reading.text_column or "text"
    if isinstance(task, dict) and "data" not in task and isinstance(task.get(name), str):
        return {"text": task[name], **{key: value for key, value in task.items() if key != name}}  # JSON-MIN
    if not isinstance(data, dict):
        raise FormatError(
            'not a Label Studio task; expected {"data": {"text": ...}, "annotations": [...]} as in its JSON, or '
            '{"text": ..., "label": [{"start", "end", "labels"}]} as in its JSON-MIN'
        )
    if not isinstance(data.get(name), str):
        raise FormatError(f"data.{name} is {data.get(name)!r:.60}, expected the text; name its field (--text-column)")
    record = data.get("record")
    own = record if isinstance(record, dict) else {}
    rest = {key: value for key, value in data.items() if key not in (name, "record", "source" if own else "")}
    meta = {"id": task["id"]} if "id" in task else {}
    return {**meta, **rest, **own, "text": data[name], "spans": [_span(region) for region in _regions(task)]}


def _regions(task: dict[str, Any]) -> list[Any]:
    """The labelled regions of the annotation or prediction that counts."""
    annotations = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
    chosen = [*annotations, *(task.get("predictions") or ())][:1]
    regions = [region for one in chosen for region in one.get("result") or ()]
    return [region for region in regions if region.get("type") == "labels" or "labels" in region.get("value", {})]


def _span(region: dict[str, Any]) -> dict[str, Any]:
    value = region.get("value", {})
    labels = value.get("labels")
    if not isinstance(labels, list) or len(labels) != 1:
        raise FormatError(f"region {region.get('id')} has the labels {labels!r:.60}, expected exactly one")
    fields = {"start": value.get("start"), "end": value.get("end"), "label": labels[0], "text": value.get("text")}
    score = region.get("score", value.get("score"))
    return fields if score is None else {**fields, "score": score}
