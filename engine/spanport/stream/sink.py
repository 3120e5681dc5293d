"""Files that are written at known positions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO


class Sink:
    """A regular file, written at given positions; or a pipe, a device, standard output (``-``), written in order.

    ``size`` bytes of a regular file are kept. With ``lazy`` the file is made when something is written.
    """

    def __init__(self, path: str | Path, size: int, *, lazy: bool) -> None:
        self.name = str(path)
        self._path = None if path == "-" else Path(path)
        self._file: BinaryIO | None = None
        self.seekable = is_regular(path)
        if self._path and self.seekable and self._path.exists():
            os.truncate(self._path, size)
            if lazy and not size:
                self._path.unlink()
        if not lazy:
            self._file = self._open()

    def write(self, position: int, data: bytes) -> None:
        """Write all of ``data``."""
        if not data:
            return
        if self._file is None:
            self._file = self._open()
        if self.seekable:
            self._file.seek(position)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._file.flush()

    def sync(self) -> None:
        """Force to disk what is written of a regular file."""
        if self._file is not None and self.seekable:
            os.fsync(self._file.fileno())

    def _open(self) -> BinaryIO:
        if self._path is None:
            return sys.stdout.buffer
        kept = self.seekable and self._path.exists()
        return open(self._path, "r+b" if kept else "wb", buffering=0)

    def cut(self, size: int) -> None:
        """Drop what lies past ``size``."""
        if self._file is not None and self.seekable:
            self._file.truncate(size)

    def close(self) -> None:
        """Close the file, but not standard output."""
        if self._file is not None and self._path is not None:
            self._file.close()
        self._file = None


def is_regular(path: str | Path) -> bool:
    """Whether this is, or will be, a regular file."""
    return path != "-" and (Path(path).is_file() or not Path(path).exists())
