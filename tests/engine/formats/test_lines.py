from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from spanport.errors import EncodingError, FormatError, UsageError
from spanport.formats.lines import decode, encode, read_lines


def lines(data: bytes) -> list[bytes]:
    return list(read_lines(io.BytesIO(data)))


def test_line_ends_and_byte_order_mark() -> None:
    assert lines(b"a\nb\n") == lines(b"a\r\nb\r\n") == lines(b"\xef\xbb\xbfa\nb") == [b"a", b"b"]
    assert lines(b"") == []
    assert lines(b"\n\r\n") == [b"", b""]


def test_only_newline_ends_a_line() -> None:
    assert lines("a\u2028b\x0bc\rd\n".encode()) == ["a\u2028b\x0bc\rd".encode()]


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a\nb\n"))
    assert list(read_lines(path)) == [b"a", b"b"]
    path.write_bytes(gzip.compress(b"a\nb\n" * 999)[:-12])
    with pytest.raises(FormatError, match=r"a\.txt\.gz is not a whole gzip file"):
        list(read_lines(path))
    path.write_bytes(b"no gzip")
    with pytest.raises(FormatError, match="not a whole gzip file"):
        list(read_lines(path))


def test_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot open .*none\.txt: No such file"):
        read_lines(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="Is a directory"):
        read_lines(tmp_path)


def test_a_text_stream_is_refused() -> None:
    with pytest.raises(UsageError, match="binary stream"):
        list(read_lines(io.StringIO("a")))  # type: ignore[arg-type]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nb")))
    assert list(read_lines("-")) == [b"a", b"b"]


def test_decode_names_what_is_wrong() -> None:
    with pytest.raises(EncodingError, match=r"byte 2 \(0xff\) is not valid UTF-8"):
        decode(b"ab\xff", 3)
    with pytest.raises(FormatError, match="NUL at character 1"):
        decode(b"a\0", 3)
    with pytest.raises(EncodingError, match="lone surrogate at character 1"):
        encode("a\ud800")
