from __future__ import annotations

import io
from pathlib import Path

import pytest

from spanport.errors import LanguageError, UsageError
from spanport.formats import FORMATS, Read, find_format, holds_alignments, is_readable, labelled_format, read


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.txt", "text"),
        ("a.TXT", "text"),
        ("a.jsonl.gz", "jsonl"),
        *((f"x/a.b{ending}", "conll") for ending in (".conll", ".conll02", ".tsv", ".bio", ".iob")),
        ("en_ewt.iob2", "iob2"),
    ],
)
def test_by_ending(path: str, name: str) -> None:
    assert find_format(path).name == find_format(Path(path)).name == name


def test_a_labelled_text_file_is_in_columns() -> None:
    assert [labelled_format(path) for path in ("a.txt", "a.TXT.gz", "a.tsv", "-")] == ["conll", "conll", None, None]
    assert labelled_format("a.txt", "text") == "text"


def test_by_name() -> None:
    assert find_format("a.txt", "conll") is FORMATS["conll"]


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("a.xml", None, "the ending of a.xml names no format"),
        ("-", None, "a stream has no ending"),
        (io.BytesIO(), None, "a stream has no ending"),
        ("a.txt", "xml", "unknown format 'xml'"),
    ],
)
def test_unknown_lists_what_there_is(source: str, name: str | None, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        find_format(source, name)
    assert "jsonl (.jsonl .ndjson)" in str(caught.value)


def test_wrong_arguments_are_errors_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        read(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot open none/: no such folder"):
        read("none/")
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(LanguageError):
        read(tmp_path / "a.txt", language="klingon")
    (found,) = read(tmp_path / "a.txt", language="it")
    assert isinstance(found, Read)
    assert found.sentence.language == "ita_Latn"


@pytest.mark.parametrize("name", ["none.parquet", "none.feather"])
def test_a_table_that_is_not_there(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    with pytest.raises(UsageError, match=f"cannot open .*{name}: no such file"):
        read(tmp_path / name)


def test_every_ending_is_readable() -> None:
    endings = [ending for form in FORMATS.values() for ending in form.endings]
    assert len(endings) == len(set(endings))
    assert all(is_readable(f"a{ending}") and is_readable(f"a{ending}.gz") for ending in endings)
    assert not is_readable("a.pharaoh")
    assert not is_readable("a.gz")


def test_alignment_endings() -> None:
    assert holds_alignments("a/b.pharaoh")
    assert holds_alignments("b.align.gz")
    assert not holds_alignments("b.txt")


def test_a_first_line_that_is_no_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"text\ra\tlabels\nAna\tB-PER\n")
    with pytest.raises(UsageError, match="first line of the table names no columns"):
        list(read(str(tmp_path / "x.tsv"), "tsv", "eng_Latn"))
