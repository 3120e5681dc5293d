"""Arrow files in bulk give the records that the ordinary path gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parquet_cases import LINKS, SOURCE, TARGET, made, ordinarily, write
from spanport.bulk.table_feeds import table_schema
from spanport.bulk.tables import TableFeed
from spanport.formats.fields import fields_of
from spanport.formats.inputs import Input
from spanport.formats.reading import read
from spanport.formats.records import Read

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def as_arrow(given: Input, rows: int = 3) -> Input:
    """The same table as an Arrow file."""
    path, table = given.paths[0].replace(".parquet", ".arrow"), pq.read_table(given.paths[0])
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, rows)
    return Input((path,), "arrow", given.reading)


def in_bulk(folder: Path, given: Any, form: str = "arrow") -> Any:
    """Records and rejects of a job whose output is an Arrow file."""
    parts = made(folder, given, "ngram", None, form)
    found = list(read(folder / "out.parquet", form))
    assert all(isinstance(item, Read) for item in found)
    records = [fields_of(item.sentence) for item in found if isinstance(item, Read)]
    return records, [reject for part in parts for reject in part.rejects]


def without_sources(records: Any) -> Any:
    spans = [[{k: v for k, v in span.items() if k != "source"} for span in row["spans"]] for row in records]
    return [{**row, "spans": found} for row, found in zip(records, spans, strict=True)]


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_arrow_in_and_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    source, target, links = write(tmp_path, SOURCE * 3, TARGET * 3, LINKS * 3)
    given = as_arrow(source), as_arrow(target, 5), links
    count, wanted, rejects = ordinarily(*given)
    monkeypatch.setattr(TableFeed, "result", None)  # no row is one for the ordinary reader
    assert (count, in_bulk(tmp_path, given, form)) == (12, (without_sources(wanted), rejects))
    schema = pa.ipc.open_file(tmp_path / "out.parquet").schema if form == "arrow" else None
    assert schema is None or schema.field("tokens").type == pa.list_(pa.string())


def test_odd_rows_take_the_ordinary_path(tmp_path: Path) -> None:
    rows = [{**SOURCE[0], "tokens": None}, {**SOURCE[1], "ner_tags": [9]}, *SOURCE[2:]]
    source, target, links = write(tmp_path, rows, [{**TARGET[0], "tokens": [""]}, *TARGET[1:]])
    given = as_arrow(source), as_arrow(target), links
    _, wanted, rejects = ordinarily(*given)
    assert in_bulk(tmp_path, given) == (without_sources(wanted), rejects)
    assert [reject.line for reject in rejects] == [1, 2]


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    source, target, links = write(tmp_path, [], [], "")
    assert in_bulk(tmp_path, (as_arrow(source), as_arrow(target), links)) == ([], [])


def test_a_stream_is_read_row_by_row(tmp_path: Path) -> None:
    source, *_ = write(tmp_path, SOURCE, TARGET)
    assert table_schema(as_arrow(source)) is not None
    table = pq.read_table(source.paths[0])
    with pa.OSFile(str(tmp_path / "s.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    assert table_schema(Input((str(tmp_path / "s.arrow"),), "arrow", source.reading)) is None


@pytest.mark.parametrize("damage", [b"\xff" * 4, b"\xff\xff\xff\x7f"])
def test_damage_is_rejected_by_both_ways(tmp_path: Path, damage: bytes) -> None:
    source, target, links = write(tmp_path, SOURCE * 2, TARGET * 2, LINKS * 2)
    given = as_arrow(source), as_arrow(target, 4), links
    data = Path(given[1].paths[0]).read_bytes()
    text, places = data.index(b"AnaRuizvive"), data.index(b"\0\0\0\0\x03\0\0\0\x07\0\0\0")
    for at in (text, places + 4):
        Path(given[1].paths[0]).write_bytes(data[:at] + damage + data[at + len(damage) :])
        _, wanted, rejects = ordinarily(*given)
        assert in_bulk(tmp_path, given) == (without_sources(wanted), rejects)
        assert (len(rejects) == 1) == (at == text)
