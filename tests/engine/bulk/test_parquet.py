"""Parquet in bulk gives the records that the ordinary path gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parquet_cases import LINKS, NAMES, SOURCE, TARGET, in_bulk, ordinarily, tagged_in_bulk, write
from spanport.bulk import grouping, parquet, project_tables, table_feeds, tables
from spanport.formats.parquet_footer import SIZE
from spanport.systems import make_system
from spanport_kernels.label_codes import LabelTypes

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def test_words_tags_and_other_columns(tmp_path: Path) -> None:
    given = write(tmp_path, SOURCE, TARGET)
    found = in_bulk(tmp_path, given)
    assert found == ordinarily(*given)
    assert found[0] == 4
    assert found[1][0] == {
        "text": "Ana Ruiz vive en Lima",
        "language": "spa_Latn",
        "tokens": ["Ana", "Ruiz", "vive", "en", "Lima"],
        "spans": [
            {"start": 0, "end": 8, "label": "PER", "text": "Ana Ruiz", "score": 1.0, "source": SPAN | {"end": 8}},
            {"start": 17, "end": 21, "label": "LOC", "text": "Lima", "score": 1.0, "source": PLACE},
        ],
        "id": 7,
        "note": "é",
        "projection": {"status": "optimal", "source": "Ana Ruiz lives in Lima", "source_language": "eng_Latn"},
    }
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.field("tokens").type.value_type == pa.string()
    assert schema.field("spans").type.value_type.field("label").type == pa.string()


SPAN = {"start": 0, "label": "PER", "text": "Ana Ruiz"}
PLACE = {"start": 18, "end": 22, "label": "LOC", "text": "Lima"}


def changed(rows: list[dict[str, Any]], i: int, **fields: Any) -> list[dict[str, Any]]:
    return [{**row, **fields} if n == i else row for n, row in enumerate(rows)]


def with_text(rows: list[dict[str, Any]], texts: list[str | None]) -> Any:
    return pa.Table.from_pylist([{**row, "text": text} for row, text in zip(rows, texts, strict=True)])


def broken(rows: list[dict[str, Any]]) -> Any:
    """The rows with the bytes of the third word of the first row not UTF-8."""
    data = pa.array([word for row in rows for word in row["tokens"]]).cast(pa.binary()).to_pylist()
    data[2] = b"\xff\xfe"
    words = pa.array(data, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(words), words.buffers())
    offsets = [sum(len(row["tokens"]) for row in rows[:i]) for i in range(len(rows) + 1)]
    return pa.table({"tokens": pa.ListArray.from_arrays(offsets, text), "id": [row["id"] for row in rows]})


CASES: dict[str, tuple[Any, Any, str]] = {
    "null words": (changed(SOURCE, 0, tokens=None), TARGET, LINKS),
    "null word": (SOURCE, changed(TARGET, 0, tokens=["Ana", None, "vive", "en", "Lima"]), LINKS),
    "empty word": (SOURCE, changed(TARGET, 3, tokens=["!", "", "x"]), LINKS),
    "null tags": (changed(SOURCE, 1, ner_tags=None), TARGET, LINKS),
    "null tag": (changed(SOURCE, 1, ner_tags=[None]), TARGET, LINKS),
    "a tag too many": (changed(SOURCE, 1, ner_tags=[1, 0]), TARGET, LINKS),
    "a number without a name": (changed(SOURCE, 1, ner_tags=[9]), TARGET, LINKS),
    "a number past int32": (changed(SOURCE, 1, ner_tags=[1 << 40]), TARGET, LINKS),
    "a link past the words": (SOURCE, TARGET, LINKS.replace("4-4", "4-9")),
    "a possible link": (SOURCE, TARGET, LINKS.replace("4-4", "4p4")),
    "no link": (SOURCE, TARGET, LINKS.replace("4-4", "4x4")),
    "a text that is its words": (SOURCE, with_text(TARGET, ["Ana Ruiz vive en Lima", "Ana", "", "! 北京 🙂"]), LINKS),
    "a text of other words": (SOURCE, with_text(TARGET, ["Ana Ruiz vive en Roma", "Ana", None, "! 北京 🙂"]), LINKS),
    "a text with other spaces": (SOURCE, with_text(TARGET, ["Ana  Ruiz vive en Lima.", "Ana", "", "!北京🙂"]), LINKS),
    "not UTF-8": (SOURCE, broken(TARGET), LINKS),
    "nothing": (SOURCE[:0], TARGET[:0], ""),
    "nothing but rejects": (changed(SOURCE, 1, ner_tags=[9])[1:2], TARGET[1:2], "0-0\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_odd_rows_take_the_ordinary_path(tmp_path: Path, case: str) -> None:
    given = write(tmp_path, *CASES[case])
    assert in_bulk(tmp_path, given) == ordinarily(*given)
    if "text" not in pq.read_schema(given[1].paths[0]).names:
        assert tagged_in_bulk(tmp_path, given) == ordinarily(*given, tagged=True)


def test_tags_and_languages_as_text(tmp_path: Path) -> None:
    rows = [{"tokens": row["tokens"], "tags": [NAMES[tag] for tag in row["ner_tags"]]} for row in SOURCE]
    rows = changed(rows, 1, tags=["X-PER"])
    languages = ["en", None, "xx", "deu_Latn"]
    source = pa.Table.from_pylist([{**r, "language": c} for r, c in zip(rows, languages, strict=True)])
    target = pa.Table.from_pylist([{**r, "language": c} for r, c in zip(TARGET, reversed(languages), strict=True)])
    given = write(tmp_path, source, target)
    found = in_bulk(tmp_path, given)
    assert found == ordinarily(*given)
    assert [fields["language"] for fields in found[1]] == ["deu_Latn", "eng_Latn"]
    assert [reject.line for reject in found[2]] == [2, 3]


def test_the_first_are_skipped(tmp_path: Path) -> None:
    given = write(tmp_path, SOURCE, TARGET)
    (part,) = project_tables(*given, make_system("ngram"), LabelTypes(), skip=3)
    assert (part.line, part.records) == (4, 1)
    table = pq.read_table(pa.BufferReader(part.output[: -SIZE.size]))
    assert table["text"].to_pylist() == ["! 北京 🙂"]


def test_a_row_group_that_cannot_be_read(tmp_path: Path) -> None:
    given = write(tmp_path, SOURCE * 3, TARGET * 3, LINKS * 3, group=4)
    table = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(1).column(0)
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    at = table.dictionary_page_offset or table.data_page_offset
    data[at : at + 24] = b"\xff" * 24
    (tmp_path / "t.parquet").write_bytes(data)
    found = in_bulk(tmp_path, given)
    assert found == ordinarily(*given)
    assert [reject.line for reject in found[2]] == [5, 6, 7, 8]


SYSTEMS: list[tuple[str, Any]] = [
    ("ngram", {"score": "pairs"}),
    ("heuristic", {"threshold": None}),
    ("span-filling", {}),
    ("aligned-ranges", {}),
]
TEXT = st.sampled_from(["Ana", "Lima", "!", "?", "é", "北京", "🙂x"])
PAIRS = st.lists(
    st.tuples(
        st.lists(st.tuples(TEXT, st.integers(-1, 4)), max_size=6),
        st.lists(TEXT, max_size=6),
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.sampled_from(SYSTEMS), st.integers(1, 4), st.integers(1, 5))
def test_same_records_whatever_the_blocks(tmp_path_factory, pairs, system, group, rows) -> None:
    folder = tmp_path_factory.mktemp("bulk")
    source = [{"tokens": [w for w, _ in row], "ner_tags": [t for _, t in row]} for row, _, _ in pairs]
    target = [{"tokens": words, "id": len(words)} for _, words, _ in pairs]
    links = "".join(" ".join(f"{i}-{j}" for i, j in sorted(set(row))) + "\n" for _, _, row in pairs)
    given = write(folder, source, target, links, group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS", rows)
        patch.setattr(table_feeds, "ROWS", rows)
        patch.setattr(parquet, "ROWS", rows)
        patch.setattr(grouping, "GROUP", 2)
        assert in_bulk(folder, given, *system) == ordinarily(*given, *system)
        assert tagged_in_bulk(folder, given, *system) == ordinarily(*given, *system, tagged=True)
