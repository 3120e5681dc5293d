"""Parts of Parquet files: their rows, their folder, and who may write there."""

from __future__ import annotations

from pathlib import Path

import pytest

from spanport.errors import JournalError, StageError, UsageError
from spanport.integrations import parts as p

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """25 rows in row groups of 7, parts of at most 10."""
    import pyarrow.parquet as pq

    monkeypatch.setattr(p, "ROWS", 10)
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.parquet"
    pq.write_table(pa.table({"n": range(25)}), path, row_group_size=7)
    pq.write_table(pa.table({"n": [99]}), tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "notes.txt").write_text("nothing", "utf8")
    return path


@pytest.mark.parametrize("given", ["in", "in/*.parquet", "in/?.parquet", "file://{}/in/*.parquet"])
def test_every_row_is_in_one_part(table: Path, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts, files = p.plan([given.format(tmp_path)])
    assert [(part.start, part.stop) for part in parts] == [(0, 10), (10, 20), (20, 25), (0, 1)]
    assert [file.name for file in files] == ["a.parquet", "b.parquet"]
    monkeypatch.chdir("/")  # as on another machine
    rows = [row for part in parts for row in p.read_part(part).to_pylist()]
    assert [row["n"] for row in rows] == [*range(25), 99]
    assert [row["source_row"] for row in rows] == [*range(1, 26), 1]
    assert {Path(row["source_file"]).name for row in rows} == {"a.parquet", "b.parquet"}


def test_inputs_that_are_none(table: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no Parquet file is called like .*x\*"):
        p.plan([f"{tmp_path}/in/x*"])
    with pytest.raises(UsageError, match=r"notes\.txt cannot be read as Parquet"):
        p.plan([str(tmp_path / "in" / "notes.txt")])
    with pytest.raises(UsageError, match="ftp://nowhere/a is no address that can be read"):
        p.plan(["ftp://nowhere/a"])


def test_files_that_changed_and_columns_that_are_there(table: Path) -> None:
    import pyarrow.parquet as pq

    parts, _ = p.plan([str(table)])
    pq.write_table(pa.table({"n": range(3)}), table)
    with pytest.raises(StageError, match="has changed since the job began"):
        p.read_part(parts[0])
    pq.write_table(pa.table({"source_row": [1]}), table)
    with pytest.raises(UsageError, match="has a column 'source_row' already"):
        p.read_part(p.plan([str(table)])[0][0])


def test_a_folder_is_one_job_s(table: Path, tmp_path: Path) -> None:
    _, files = p.plan([str(table)])
    folder = p.Folder(str(tmp_path / "out"))
    assert folder.begin({"lang": "es"}, files, fresh=False) == set()
    folder.write("part-0000000.parquet", pa.table({"n": [1]}))
    (tmp_path / "out" / ".part-0000001.parquet.torn").write_bytes(b"PAR1")
    assert folder.begin({"lang": "es"}, files, fresh=False) == {"part-0000000.parquet"}
    with pytest.raises(JournalError, match=r'lang was "es", not "de".*--fresh'):
        folder.begin({"lang": "de"}, files, fresh=False)
    with pytest.raises(JournalError, match=r"belongs to a job on a\.parquet"):
        folder.begin({"lang": "es"}, p.plan([str(tmp_path / "in")])[1], fresh=False)
    folder.finish()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_spanport.json", "part-0000000.parquet"]
    (tmp_path / "out" / "mine.txt").write_text("mine", "utf8")
    assert folder.begin({"lang": "de"}, files, fresh=True) == set()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_spanport.json", "mine.txt"]
    (tmp_path / "out" / "_spanport.json").write_text("{", "utf8")
    with pytest.raises(JournalError, match="is no journal of this version; use --fresh"):
        folder.begin({"lang": "de"}, files, fresh=False)


def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf8")
    with pytest.raises(UsageError, match=r"holds other files \(mine\.txt\); name an empty folder"):
        p.Folder(str(tmp_path)).begin({}, [], fresh=True)
