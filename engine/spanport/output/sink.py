"""A file that is written at known positions, plain or compressed."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from spanport.errors import RuntimeMissingError
from spanport.output.files import descriptor, is_regular, open_locked

MEMBER = 1 << 16
"""Bytes of text, at least, that are compressed together: what stands in a file is whole members only."""


class Sink:
    """A regular file, locked and written at given positions; or a pipe, a device, an open stream, written in order.

    ``-`` is standard output. A name that ends in ``.gz`` or ``.zst`` is written as members of such a file. An
    ``optional`` file is removed when it is closed empty.

    Raises RuntimeMissingError where the package that compresses is not installed.
    """

    def __init__(self, path: str | Path, *, optional: bool = False) -> None:
        self.name, self._optional = str(path), optional
        self.seekable = is_regular(path)
        self._compress = compressor(self.name) if self.seekable else None
        self.compressed = self._compress is not None
        self.path = Path(os.path.realpath(path)) if self.seekable else Path(path)
        self._made = self.seekable and not self.path.exists()
        self._ours = True
        self._file = self._open()

    def _open(self) -> BinaryIO:
        if self.seekable:
            return os.fdopen(open_locked(self.path), "r+b", buffering=0)
        number = 1 if self.name == "-" else descriptor(self.name)
        if number == 1:
            self._ours = False
            return sys.stdout.buffer
        return os.fdopen(os.open(self.name, os.O_WRONLY) if number is None else os.dup(number), "wb", buffering=0)

    @property
    def size(self) -> int:
        """Bytes in the regular file now."""
        return os.fstat(self._file.fileno()).st_size

    def holds(self, size: int) -> bool:
        """Whether a regular file has at least so many bytes; of others nobody knows."""
        return not self.seekable or size <= self.size

    def checksum(self, size: int) -> int:
        """CRC-32 of the first bytes of the regular file."""
        self._file.seek(0)
        total = 0
        while size and (block := self._file.read(min(size, 1 << 20))):
            total, size = zlib.crc32(block, total), size - len(block)
        return total

    def starts(self, position: int, mark: bytes) -> bool:
        """Whether what stands at a position of the regular file, if anything does, begins like ``mark``."""
        self._file.seek(position)
        there = self._file.read(len(mark))
        return mark.startswith(there)

    def encode(self, parts: Sequence[bytes], *, last: bool) -> tuple[bytes, int]:
        """The bytes that stand for these parts, and of how many: a member of a compressed file must be whole.

        Members end with the first part that fills them, so that the same parts give the same bytes.
        """
        if self._compress is None:
            return b"".join(parts), len(parts)
        members = list(_members(parts, last=last))
        if last and not self.size and not members:
            members = [(b"", 0)]
        return b"".join([self._compress(data) for data, _ in members]), sum(count for _, count in members)

    def write(self, position: int, data: bytes) -> None:
        """Write all of ``data``."""
        if not data:
            return
        if self.seekable:
            self._file.seek(position)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._file.flush()

    def sync(self) -> None:
        """Force to disk what is written of a regular file."""
        if self.seekable:
            os.fsync(self._file.fileno())

    def cut(self, size: int) -> None:
        """Drop what lies past ``size``."""
        if self.seekable:
            self._file.truncate(size)

    def close(self, *, unused: bool = False) -> None:
        """Close the file, but not standard output; remove it where it is empty and optional, or ours and unused."""
        if self._file.closed:
            return
        if self.seekable and not self.size and (self._optional or (unused and self._made)):
            self.path.unlink(missing_ok=True)
        if self._ours:
            self._file.close()


def compressor(name: str) -> Callable[[bytes], bytes] | None:
    """What compresses the members of a file of that name; None where nothing does."""
    if name.lower().endswith(".gz"):
        return lambda data: gzip.compress(data, mtime=0)
    if not name.lower().endswith(".zst"):
        return None
    try:
        import zstandard
    except ImportError as error:
        raise RuntimeMissingError(
            "zstandard, which .zst files need, is not installed",
            remedy="Install it with: pip install 'spanport[zst]'",
        ) from error
    compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor().compress
    return compress


def _members(parts: Sequence[bytes], *, last: bool) -> Iterator[tuple[bytes, int]]:
    """What makes a member each, with the number of its parts; what fills none is left over unless it is the last."""
    begin = size = 0
    for end, part in enumerate(parts, 1):
        size += len(part)
        if size >= MEMBER or (last and end == len(parts)):
            yield b"".join(parts[begin:end]), end - begin
            begin, size = end, 0
