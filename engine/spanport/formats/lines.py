"""Lines of a file as bytes: opening, decompressing, decoding. Nothing here holds more than one line."""

from __future__ import annotations

import codecs
import gzip
import io
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from os import PathLike, fspath
from tempfile import TemporaryFile
from typing import IO, Any

from spanport.errors import EncodingError, FormatError, UsageError
from spanport.formats.extras import library

Source = str | PathLike[str] | IO[bytes]
"""A path (``-`` is standard input; a path ending in ``.gz`` or ``.zst`` is decompressed) or a binary stream."""

COMPRESSED = (".gz", ".zst")


def plain_name(path: str) -> str:
    """A path in lower case without the ending of a compressed file."""
    name = path.lower()
    return next((name.removesuffix(ending) for ending in COMPRESSED if name.endswith(ending)), name)


def read_lines(source: Source, *, keep_ends: bool = False) -> Iterator[bytes]:
    """The lines without a byte order mark and, but with ``keep_ends``, without their ends (``\\n`` or ``\\r\\n``).

    A path is opened at once, not at the first line, and closed when the iterator ends or is closed.

    Raises:
        UsageError: the path cannot be opened, or the stream gives text instead of bytes.
        FormatError: while reading, where a compressed file breaks off or is corrupted.
    """
    if not isinstance(source, str | PathLike):
        return _lines(nullcontext(source), "the stream", keep_ends)
    path = fspath(source)
    if path == "-":
        return _lines(_standard_input(), "standard input", keep_ends)
    try:
        stream = _open(path)
    except OSError as error:
        raise UsageError(f"cannot open {path}: {error.strerror or error}") from error
    return _lines(stream, path, keep_ends)


def unpacked(path: str) -> IO[bytes]:
    """A file that can be read at any place: of a compressed one what it holds, in a file that goes when it is closed.

    Raises:
        OSError: the path cannot be opened.
        FormatError: a compressed file breaks off or is corrupted.
    """
    if not path.lower().endswith(COMPRESSED):
        return open(path, "rb")
    plain = TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    with _open(path) as packed, _whole(path):
        shutil.copyfileobj(packed, plain)
    plain.seek(0)
    return plain


def _open(path: str) -> Any:
    if path.lower().endswith(".gz"):
        return gzip.open(path, "rb")
    if path.lower().endswith(".zst"):
        zstandard = library("zstandard", "zst")
        frames = zstandard.ZstdDecompressor().stream_reader(open(path, "rb"), read_across_frames=True)  # noqa: SIM115
        return io.BufferedReader(frames)
    return open(path, "rb")


def _standard_input() -> AbstractContextManager[Iterable[bytes]]:
    """Standard input through a buffer of our own.

    A thread may still wait for input when the process ends; on the buffer of ``sys.stdin`` that aborts Python.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except OSError:  # no file behind it, as in notebooks
        return nullcontext(sys.stdin.buffer)


def _lines(opened: AbstractContextManager[Iterable[bytes]], name: str, keep_ends: bool) -> Iterator[bytes]:
    with opened as stream, _whole(name):
        first = True
        for line in stream:
            if first:
                first = False
                if isinstance(line, str):
                    raise UsageError(f"{name} gives text; a binary stream is needed (mode 'rb')")
                line = line.removeprefix(codecs.BOM_UTF8)
            if not keep_ends and line.endswith(b"\n"):
                line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
            yield line


@contextmanager
def _whole(name: str) -> Iterator[None]:
    """Errors of decompressing as FormatError."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"{name} is not a whole gzip file: {error}") from error
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise FormatError(f"{name} is not a whole Zstandard file: {error}") from error


def decode(raw: bytes, line: int) -> str:
    """The text of a line.

    Raises:
        EncodingError: the bytes are not UTF-8.
        FormatError: there is a NUL character (the file is binary, or UTF-16).
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        message = f"byte {error.start} (0x{raw[error.start]:02x}) is not valid UTF-8; convert the file to UTF-8"
        raise EncodingError(message, line=line, record=show(raw)) from None
    if "\0" in text:
        message = f"NUL at character {text.index(chr(0))}: the file is binary or UTF-16; convert it to UTF-8"
        raise FormatError(message, line=line, record=text)
    return text


def encode(text: str) -> bytes:
    """UTF-8 bytes.

    Raises:
        EncodingError: the text holds half of a surrogate pair, which is no character.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"the text holds a lone surrogate at character {error.start}; it is not valid Unicode"
        raise EncodingError(message, record=ascii(text)) from None


def show(raw: bytes) -> str:
    """The bytes of a record as text, whatever they are."""
    return raw.decode(errors="backslashreplace")


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their 1-based numbers."""
    return enumerate(lines, 1)
