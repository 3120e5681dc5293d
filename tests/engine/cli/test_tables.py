"""Commands over Parquet tables: in bulk where that is possible, and stopped and gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from spanport import bulk
from spanport.bulk import grouping, parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SOURCE = {
    "tokens": [["Ana", "Ruiz", "lives"], ["Ana"], ["go", "Lima"]],
    "ner_tags": [["B-PER", "I-PER", "O"], ["B-PER"], ["O", "B-LOC"]],
}
TARGET = {"tokens": [["Ana", "Ruiz", "vive"], ["Ana"], ["Lima"]], "id": [7, 8, 9]}
COMMAND = ["project", "--source", "en.parquet", "--target", "es.parquet", "--target-lang", "es"]
COMMAND += ["--alignments", "en-es.pharaoh", "-o"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table(SOURCE), "en.parquet")
    pq.write_table(pa.table(TARGET), "es.parquet")
    Path("en-es.pharaoh").write_text("0-0 1-1 2-2\n0-0\n1-0\n")
    return tmp_path


def test_the_same_table_in_bulk_and_ordinarily(cli: Any, folder: Path) -> None:
    for name, more in (("bulk", []), ("ordinary", ["--stats", "stats.json"])):
        ran = cli(*COMMAND, f"{name}.parquet", *more)
        assert (ran.code, "3 records in" in ran.err) == (0, True), ran.err
    assert Path("stats.json").exists()
    in_bulk, ordinary = pq.read_table("bulk.parquet"), pq.read_table("ordinary.parquet")
    assert in_bulk.to_pylist() == ordinary.to_pylist()
    assert in_bulk.schema == ordinary.schema
    assert [[span["label"] for span in row] for row in in_bulk["spans"].to_pylist()] == [["PER"], ["PER"], ["LOC"]]
    assert not list(folder.glob("*.part*"))


def test_the_layout_that_came_in(cli: Any, folder: Path) -> None:
    for name, more in (("bulk", []), ("ordinary", ["--stats", "stats.json"])):
        ran = cli(*COMMAND, f"{name}.parquet", "--format", "parquet-tags", *more)
        assert ran.code == 0, ran.err
    in_bulk, ordinary = pq.read_table("bulk.parquet"), pq.read_table("ordinary.parquet")
    assert in_bulk.to_pylist() == ordinary.to_pylist()
    assert in_bulk.schema.equals(ordinary.schema, check_metadata=True)
    assert in_bulk.column_names == ["tokens", "ner_tags", "language", "id"]
    assert in_bulk["ner_tags"].to_pylist() == [[3, 4, 0], [3], [1]]


@pytest.mark.parametrize("form", ["parquet", "parquet-tags"])
def test_a_stopped_job_goes_on(cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    whole, command = bulk.project_tables, [*COMMAND, "out.parquet", "--to", form]

    def stopped(*arguments: Any) -> Iterator[Any]:
        yield from islice(whole(*arguments), 1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(parquet, "ROWS", 1)
        patch.setattr(grouping, "GROUP", 1)
        patch.setattr(bulk, "project_tables", stopped)
        assert cli(*command).code == 130
    ran = cli(*command, "--stats", "stats.json")
    assert (ran.code, 'files.staged was "arrow"' in ran.err) == (3, True), ran.err
    ran = cli(*command)
    assert (ran.code, "resuming after the 1 record of" in ran.err) == (0, True), ran.err
    assert pq.read_table("out.parquet")["id"].to_pylist() == [7, 8, 9]
    cli(*COMMAND, "whole.parquet", "--to", form)
    assert pq.read_table("out.parquet").equals(pq.read_table("whole.parquet"), check_metadata=True)


def test_a_table_that_does_not_fit_goes_the_ordinary_way(cli: Any, folder: Path) -> None:
    texts = {"text": ["Ana Ruiz vive", "Ana", "Lima"]}
    pq.write_table(pa.table(texts), "es.parquet")
    assert cli(*COMMAND, "out.parquet").code == 0
    assert pq.read_table("out.parquet")["text"].to_pylist() == texts["text"]


def test_without_a_label_it_is_said(cli: Any, folder: Path) -> None:
    pq.write_table(pa.table({**SOURCE, "ner_tags": [["O"] * len(row) for row in SOURCE["tokens"]]}), "en.parquet")
    ran = cli(*COMMAND, "out.parquet")
    assert (ran.code, "no label" in ran.err) == (0, True), ran.err
