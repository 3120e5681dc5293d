"""The journal of a job: what of its output is safe on disk, and for which input, models and options.

Each line is a JSON object, a tab and the object's CRC-32. The first names these; each further one is
a commit. A line that a power cut tore is ignored, with all after it.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from spanport.errors import JournalError


class InputFile(msgspec.Struct, frozen=True):
    """An input as it was when the job began."""

    name: str
    size: int
    sha256: str


class Fingerprint(msgspec.Struct, frozen=True):
    """What decides a job's output: its inputs, a digest of its options, and one of the models it uses."""

    inputs: tuple[InputFile, ...]
    options: str
    models: str


class Commit(msgspec.Struct, frozen=True):
    """Records consumed, rejects among them, and the sizes in bytes of output and rejects file at that point."""

    records: int = 0
    rejected: int = 0
    output: int = 0
    rejects: int = 0


def fingerprint(inputs: Sequence[Path], options: Any, models: str) -> Fingerprint:
    """Read the inputs and digest the options (anything msgspec can encode); ``models`` is a digest already."""
    files = []
    for path in inputs:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(InputFile(path.name, path.stat().st_size, digest))
    encoded = msgspec.json.encode(options, order="deterministic")
    return Fingerprint(tuple(files), hashlib.sha256(encoded).hexdigest(), models)


class Journal:
    """An open journal; ``commits`` are those of runs before, oldest first.

    Raises JournalError when the file belongs to another input, other models or options, or is not a journal.
    """

    def __init__(self, path: Path, wanted: Fingerprint) -> None:
        self._path = path
        lines, size = _intact(path.read_bytes() if path.exists() else b"")
        self.commits: list[Commit] = []
        if lines:
            _compare(_decode(lines[0], Fingerprint, path), wanted, path)
            self.commits = [_decode(line, Commit, path) for line in lines[1:]]
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        _lock(self._file.fileno(), path)
        self._file.truncate(size)
        self._size = size
        if not lines:
            self._append(wanted)
            _sync_folder(path.parent)

    def commit(self, commit: Commit) -> None:
        """Note, durably, that these sizes are safe on disk."""
        self._append(commit)

    def _append(self, value: msgspec.Struct) -> None:
        encoded = msgspec.json.encode(value)
        line = b"%b\t%08x\n" % (encoded, zlib.crc32(encoded))
        self._file.seek(self._size)
        if self._file.write(line) != len(line):
            raise OSError(28, os.strerror(28))
        os.fsync(self._file.fileno())
        self._size += len(line)

    def close(self) -> None:
        """Close the file and leave it for the next run."""
        self._file.close()

    def remove(self) -> None:
        """The job is complete: nothing is left to resume."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def _intact(data: bytes) -> tuple[list[bytes], int]:
    """Contents of the whole lines and their length in the file."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        encoded, tab, check = line.rpartition(b"\t")
        if not tab or check != b"%08x\n" % zlib.crc32(encoded):
            break
        lines.append(encoded)
        size += len(line)
    return lines, size


def _decode(line: bytes, kind: type[Any], path: Path) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise JournalError(f"{path} is no journal of this version ({error}); {_remedy(path)}") from error


def _compare(found: Fingerprint, wanted: Fingerprint, path: Path) -> None:
    if [f.sha256 for f in found.inputs] != [f.sha256 for f in wanted.inputs]:
        before, now = (", ".join(f"{f.name} ({f.size:,} bytes)" for f in x.inputs) for x in (found, wanted))
        raise JournalError(f"{path} belongs to a job on {before}, this one is on {now}; {_remedy(path)}")
    if found.models != wanted.models:
        raise JournalError(
            f"{path} belongs to a job with other models (the bundle was changed since, or is another one), whose "
            f"output would not go with that of these; {_remedy(path)}"
        )
    if found.options != wanted.options:
        raise JournalError(f"{path} belongs to a job with other options; {_remedy(path)}")


def _remedy(path: Path) -> str:
    return f"run that job again to complete it, or start over with --fresh (or delete {path.name})"


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not a Unix: no protection against two runs at once
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise JournalError(f"another process is working on this job ({path}); wait for it or end it") from error


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
