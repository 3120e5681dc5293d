"""The journal of a job: what of its output is safe on disk, and for which job on which inputs.

Each line is a JSON object, a tab and the object's CRC-32. The first says whose journal it is; each further one is
a commit. A line that a power cut tore is ignored, with all after it.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from spanport.errors import JournalError

_MARK = b'{"journal":"spanport"'
"""How every journal begins: a file of that name that does not is somebody's."""


class InputFile(msgspec.Struct, frozen=True):
    """An input as it was when the job began."""

    name: str
    size: int
    sha256: str


class Header(msgspec.Struct, frozen=True, tag_field="journal", tag="spanport"):
    """What decides a job's output: its inputs, and the record of the job, as JSON has it."""

    inputs: tuple[InputFile, ...]
    job: Any


class Extent(msgspec.Struct, frozen=True):
    """The first ``size`` bytes of a file and their CRC-32."""

    size: int = 0
    crc32: int = 0

    def then(self, data: bytes) -> Extent:
        """With these bytes after it."""
        return Extent(self.size + len(data), zlib.crc32(data, self.crc32))


class Commit(msgspec.Struct, frozen=True):
    """Records consumed, rejects among them, and what output and rejects file hold at that point."""

    records: int = 0
    rejected: int = 0
    output: Extent = Extent()
    rejects: Extent = Extent()


def header(inputs: Sequence[str | Path], job: Any) -> Header:
    """Read the inputs; ``job`` is anything that msgspec can encode."""
    files = []
    for path in map(Path, inputs):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(InputFile(path.name, path.stat().st_size, digest))
    return Header(tuple(files), msgspec.json.decode(msgspec.json.encode(job)))


def is_there(path: Path) -> bool:
    """Whether there is a journal.

    Raises JournalError where something else has its name: that is never touched.
    """
    if not path.exists():
        return False
    if path.is_file():
        with path.open("rb") as file:
            if _MARK.startswith(file.read(len(_MARK))):
                return True
    raise JournalError(f"{path} is no journal of spanport but has the name of one; move it, or name another output")


class Journal:
    """An open journal; ``commits`` are those of runs before, oldest first. The caller holds the output's lock.

    ``fresh`` forgets the runs before. Raises JournalError when the file belongs to another job, or was written by
    another version.
    """

    def __init__(self, path: Path, wanted: Header, *, fresh: bool = False) -> None:
        self._path = path
        lines, size = _intact(path.read_bytes()) if is_there(path) and not fresh else ([], 0)
        self.commits: list[Commit] = []
        if lines:
            check_same(_decode(lines[0], Header, path), wanted, path)
            self.commits = [_decode(line, Commit, path) for line in lines[1:]]
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(size)
        self._size = size
        if not lines:
            self._append(wanted)
            _sync_folder(path.parent)

    def commit(self, commit: Commit) -> None:
        """Note, durably, that this much is safe on disk."""
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


def check_same(found: Header, wanted: Header, path: Path) -> None:
    """Raise JournalError where two headers are of different jobs, or of different inputs; ``path`` is the first's."""
    if [f.sha256 for f in found.inputs] != [f.sha256 for f in wanted.inputs]:
        before, now = (", ".join(f"{f.name} ({f.size:,} bytes)" for f in x.inputs) for x in (found, wanted))
        raise JournalError(f"{path} belongs to a job on {before}, this one is on {now}; {_remedy(path)}")
    difference = next(_differences(found.job, wanted.job, "job"), None)
    if difference:
        raise JournalError(f"{path} belongs to another job, in which {difference}; {_remedy(path)}")


def _differences(before: Any, now: Any, name: str) -> Iterator[str]:
    """What two records of jobs differ in, in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            yield from _differences(before.get(key), now.get(key), f"{name}.{key}")
    elif before != now:
        old, new = (msgspec.json.encode(value).decode() for value in (before, now))
        yield f"{name.removeprefix('job.')} was {old}, not {new}"


def _remedy(path: Path) -> str:
    return f"run that job again to complete it, or start over with --fresh (or delete {path.name})"


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
