"""Tables of words and spans in bulk give the records that the ordinary path gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parquet_cases import TARGET, in_bulk, ordinarily, tagged_in_bulk, write
from spanport.bulk import grouping, parquet, table_feeds, tables
from spanport.bulk.layout import layout_of
from spanport.formats.records import Reading

pa = pytest.importorskip("pyarrow")

SPAN = {"start": pa.int64(), "end": pa.int64(), "label": pa.string(), "text": pa.string(), "score": pa.float64()}
WORDS = [["Ana", "Ruiz", "lives", "in", "Lima"], ["Ana"], [], ["Go", "北京"]]
SPANS: list[Any] = [
    [
        {"start": 0, "end": 8, "label": "PER", "text": "Ana Ruiz"},
        {"start": 18, "end": 22, "label": "LOC", "text": "Lima"},
    ],
    [{"start": 0, "end": 3, "label": "PER", "text": "Ana", "score": 0.5}],
    [],
    [{"start": 3, "end": 5, "label": "LOC", "text": "北京"}],
]


def table(words: list[Any], spans: list[Any], left_out: tuple[str, ...] = (), **columns: Any) -> Any:
    span = pa.struct([(name, kind) for name, kind in SPAN.items() if name not in left_out])
    texts = [" ".join(row or []) for row in words]
    return pa.table(
        {
            "text": pa.array(texts, pa.string()),
            "tokens": pa.array(words, pa.list_(pa.string())),
            "spans": pa.array(
                [
                    row and [one and {k: v for k, v in one.items() if k not in left_out} for one in row]
                    for row in spans
                ],
                pa.list_(span),
            ),
            **columns,
        }
    )


@pytest.fixture
def no_ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row may be one that the ordinary reader is to read."""
    monkeypatch.setattr(tables.TableFeed, "result", None)


@pytest.mark.usefixtures("no_ordinary")
@pytest.mark.parametrize("left_out", [(), ("text",), ("score",), ("text", "score")])
def test_words_and_spans(tmp_path: Path, left_out: tuple[str, ...]) -> None:
    given = write(tmp_path, table(WORDS, SPANS, left_out), TARGET)
    found = in_bulk(tmp_path, given)
    assert found == ordinarily(*given)
    assert [len(fields["spans"]) for fields in found[1]] == [2, 1, 0, 1]
    assert found[1][1]["spans"][0]["source"].get("score") == (None if "score" in left_out else 0.5)


ODD: dict[str, Any] = {
    "an offset within a word": {"start": 1, "end": 3},
    "an end within a word": {"start": 0, "end": 2},
    "past the text": {"start": 0, "end": 99},
    "below nothing": {"start": -1, "end": 3},
    "empty": {"start": 0, "end": 0},
    "another text": {"text": "Eva"},
    "no label": {"label": ""},
    "a null label": {"label": None},
    "a null start": {"start": None},
    "no score": {"score": 1.5},
    "a text that is null": {"text": None},
}


@pytest.mark.parametrize("case", ODD)
def test_odd_spans_take_the_ordinary_path(tmp_path: Path, case: str) -> None:
    spans = [*SPANS]
    spans[1] = [{"start": 0, "end": 3, "label": "PER", "text": "Ana"} | ODD[case]]
    given = write(tmp_path, table(WORDS, spans), TARGET)
    assert in_bulk(tmp_path, given) == ordinarily(*given)


def test_nulls_order_and_overlap(tmp_path: Path) -> None:
    later, first = {"start": 18, "end": 22, "label": "LOC"}, {"start": 0, "end": 8, "label": "PER"}
    for row in (None, [None], [later, first], [first, {**first, "end": 3}], [first, first]):
        given = write(tmp_path, table(WORDS, [row, *SPANS[1:]]), TARGET)
        assert in_bulk(tmp_path, given) == ordinarily(*given)


def test_which_columns_are_spans(tmp_path: Path) -> None:
    source, *_ = write(tmp_path, table(WORDS, SPANS), TARGET)
    schema = table(WORDS, SPANS).schema
    assert layout_of(schema, source.reading) == ("tokens", "spans", ("text",)[1:])
    assert layout_of(schema, Reading(offsets="bytes")) is None
    assert layout_of(table(WORDS, SPANS, ("end",)).schema, source.reading) is None
    named = schema.set(2, schema.field(2).with_name("gold"))
    assert layout_of(named, Reading(labels_column="gold")) is None


CHARACTERS = st.integers(0, 12)
DRAWN = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["Ana", "é", "北京"]), max_size=4),
        st.lists(st.tuples(CHARACTERS, CHARACTERS, st.sampled_from(["PER", "LOC"])), max_size=2),
        st.lists(st.sampled_from(["Ana", "!", "🙂x"]), max_size=4),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6),
    ),
    max_size=6,
)


@settings(max_examples=80, deadline=None)
@given(DRAWN, st.integers(1, 4), st.integers(1, 5))
def test_same_records_whatever_the_spans(tmp_path_factory, drawn, group, rows) -> None:
    folder = tmp_path_factory.mktemp("bulk")
    words, spans, target, links = [row[0] for row in drawn], [], [], ""
    for given_words, bounds, target_words, edges in drawn:
        text = " ".join(given_words)
        spans.append([{"start": a, "end": b, "label": name, "text": text[a:b]} for a, b, name in sorted(bounds)])
        target.append({"tokens": target_words, "id": len(target_words)})
        links += " ".join(f"{i}-{j}" for i, j in sorted(set(edges))) + "\n"
    given = write(folder, table(words, spans), target, links, group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS", rows)
        patch.setattr(table_feeds, "ROWS", rows)
        patch.setattr(parquet, "ROWS", rows)
        patch.setattr(grouping, "GROUP", 2)
        assert in_bulk(folder, given) == ordinarily(*given)
        assert tagged_in_bulk(folder, given) == ordinarily(*given, tagged=True)
