"""Which jobs go in bulk from table to table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes import FakeModels
from parquet_cases import SOURCE, TARGET, WORDS, write
from spanport import Engine
from spanport.bulk import fits
from spanport.formats.inputs import Input
from spanport.formats.records import Reading
from spanport.job import Files
from spanport.systems import make_system

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


SPANS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())]))


@pytest.mark.parametrize(
    ("kinds", "reading", "way"),
    [
        ({"tokens": WORDS, "ner_tags": WORDS}, Reading(), "tables"),
        ({"tokens": WORDS, "other": pa.timestamp("s"), "ner_tags": WORDS}, Reading(), "tables"),
        ({"words": WORDS, "labels": WORDS}, Reading(tokens_column="words", labels_column="labels"), "tables"),
        ({"words": WORDS, "tokens": WORDS, "labels": WORDS}, Reading(tokens_column="words"), ""),
        ({"text": pa.string(), "spans": SPANS}, Reading(), ""),
        ({"tokens": WORDS, "spans": SPANS}, Reading(), "tables"),
        ({"tokens": WORDS, "spans": SPANS}, Reading(offsets="bytes"), ""),
        ({"tokens": WORDS, "tags": pa.list_(pa.int64())}, Reading(), ""),
        ({"tokens": WORDS, "tags": WORDS, "ner_tags": WORDS}, Reading(), ""),
        ({"tokens": WORDS, "ner_tags": WORDS}, Reading(map_labels={"PER": "P"}), ""),
        ({"tokens": pa.large_list(pa.string()), "ner_tags": WORDS}, Reading(), ""),
        ({"tokens": WORDS, "ner_tags": WORDS, "text": pa.large_string()}, Reading(), ""),
    ],
)
def test_which_tables_fit(tmp_path: Path, kinds: dict[str, Any], reading: Reading, way: str) -> None:
    left, right, links = write(tmp_path, pa.schema(list(kinds.items())).empty_table(), TARGET)
    given = (Input(left.paths, "parquet", reading), right, Input((links,), "pharaoh"))
    job = Engine(FakeModels()).job("project", aligned=True, files=Files(inputs=given, format="parquet"))  # type: ignore[arg-type]
    assert fits(job, make_system("ngram")) == way
    assert fits(job, make_system("ngram", {"drop_labels": ("PER",)})) == ""


def test_how_words_were_written_is_kept_by_the_ordinary_path(tmp_path: Path) -> None:
    for kinds, ways in (
        ({"tokens": WORDS}, ["tables", "tables"]),
        ({"tokens": WORDS, "text": pa.string()}, ["", "tables"]),
    ):
        left, right, links = write(tmp_path, SOURCE, pa.schema(list(kinds.items())).empty_table())
        given = (left, right, Input((links,), "pharaoh"))
        for form, way in zip(("parquet-tags", "parquet"), ways, strict=True):
            job = Engine(FakeModels()).job("project", aligned=True, files=Files(inputs=given, format=form))  # type: ignore[arg-type]
            assert fits(job, make_system("ngram")) == way


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.int32(), pa.list_(pa.int64())])
def test_columns_that_json_writes_otherwise_are_carried_along_by_the_ordinary_path(tmp_path: Path, kind: Any) -> None:
    left, right, links = write(tmp_path, SOURCE, pa.schema({"tokens": WORDS, "when": kind}).empty_table())
    files = Files(inputs=(left, right, Input((links,), "pharaoh")), format="parquet")
    job = Engine(FakeModels()).job("project", aligned=True, files=files)  # type: ignore[arg-type]
    assert fits(job, make_system("ngram")) == ""
