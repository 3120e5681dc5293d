"""Labels are read wherever other tools put them, or the record is refused: never dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spanport.errors import FormatError, LabelSchemeError
from spanport.formats.jsonl import parse_record
from spanport.formats.records import Reading
from spanport.types import Sentence

ANA = [("PER", "Ana")]


def record(wanted: bool = True, **fields: Any) -> Sentence:
    return parse_record(json.dumps(fields), Reading(labels=wanted))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", [[0, 3, "PER"]]),
        ("labels", [[0, 3, "PER"]]),
        ("entities", [[0, 3, "PER"]]),
        ("spans", [[0, 3, "PER"]]),
        ("entities", [{"start": 0, "end": 3, "label": "PER", "id": 4}]),
        ("entities", [{"start_offset": 0, "end_offset": 3, "label": "PER"}]),
        ("label", [{"start": 0, "end": 3, "label": "PER"}]),
        ("label", [{"start": 0, "end": 3, "labels": ["PER"]}]),
    ],
)
def test_spans_of_other_tools(field: str, value: Any) -> None:
    sentence = record(text="Ana vive", id=7, **{field: value})
    assert sentence.span_texts() == ANA
    assert sentence.extra == {"id": 7}
    unread = record(wanted=False, text="Ana vive", id=7, **{field: value})
    assert (unread.spans, unread.extra) == ((), {"id": 7})


@pytest.mark.parametrize("field", ["labels", "ner_tags", "tags"])
def test_tags_of_other_tools(field: str) -> None:
    assert record(tokens=["Ana", "vive"], pos_tags=["NNP", "VB"], **{field: ["B-PER", "O"]}).span_texts() == ANA
    with pytest.raises(LabelSchemeError, match="'X-PER' of word 0"):
        record(tokens=["Ana"], **{field: ["X-PER"]})
    with pytest.raises(FormatError, match=f'"{field}" holds numbers, which have no names'):
        record(tokens=["Ana"], **{field: [1]})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("annotations", [{"result": []}]),
        ("mentions", [[0, 3]]),
        ("marks", [{"begin": 0, "end": 3, "type": "PER"}]),
        ("marks", [{"offset": 0, "length": 3, "category": "PER"}]),
        ("marks", [["PER", 0, 3]]),
        ("meta", {"entities": [[0, 3, "PER"]]}),
        ("iob", ["B-PER", "O"]),
    ],
)
def test_what_could_be_labels_is_refused_by_name(field: str, value: Any) -> None:
    name = "entities" if field == "meta" else field
    with pytest.raises(FormatError, match=f'"{field}" could be labels, in a layout that is not read'):
        record(text="Ana vive", **{field: value})
    assert record(wanted=False, text="Ana vive", **{field: value}).extra == {field: value}
    assert record(text="Ana vive", spans=[], **{field: value}).extra == {field: value}, name


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "sports"},
        {"label": ["sports"]},
        {"tags": ["news", "sports"]},
        {"label": 3},
        {"meta": {"a": [1, None]}},
        {"links": [[0, 0], [1, 1]]},
        {"pos": ["NNP", "VB"]},
        {"comments": []},
    ],
)
def test_other_data_is_kept(fields: dict[str, Any]) -> None:
    assert record(text="Ana vive", **fields).extra == fields


def test_labels_in_two_places_are_refused() -> None:
    with pytest.raises(FormatError, match='both "spans" and "label" are there; expected one of them'):
        record(text="Ana vive", spans=[[0, 3, "PER"]], label=[[0, 3, "PER"]])
    assert record(text="Ana vive", spans=[], label=[[0, 3, "PER"]]).span_texts() == ANA


def test_an_item_that_is_no_span_is_named() -> None:
    with pytest.raises(FormatError, match=r"Expected `object`, got `array` - at `\$.spans\[0\]`"):
        record(text="Ana vive", label=[[0, 3]])
    with pytest.raises(FormatError, match="Expected `int`, got `null`"):
        record(text="Ana vive", entities=[{"start_offset": 0, "label": "PER"}])
