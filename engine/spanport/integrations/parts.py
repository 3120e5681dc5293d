"""Parquet files in parts that machines label one by one, each into a file of its own.

A part is a run of rows of one file. Its output appears whole or not at all, under a name that depends on the input
alone: a job that is run again makes what is missing, and a part that is made twice is the same file.
"""

from __future__ import annotations

import hashlib
import posixpath
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from spanport.errors import JournalError, StageError, UsageError
from spanport.formats.extras import library
from spanport.output.journal import Header, InputFile, check_same

EXTRA = "parquet"
ROWS = 8192
"""Most rows of a part."""

FILE, ROW = "source_file", "source_row"
"""Columns that say where a row comes from: its file, and its place in it, from 1."""

JOURNAL = "_spanport.json"
"""Says whose parts lie in a folder; readers of Parquet folders leave out names that begin so."""

DIRECT = ("s3", "gcs", "abfs")
"""Stores whose files appear when they are closed, whole."""


class Part(msgspec.Struct, frozen=True):
    """Rows ``start`` to ``stop`` of a file, from 0; ``name`` is that of its output."""

    name: str
    path: str
    start: int
    stop: int


def plan(inputs: Sequence[str]) -> tuple[list[Part], list[InputFile]]:
    """The parts of all files (paths, patterns, folders, addresses such as ``s3://...``), and what each file was.

    Raises UsageError where nothing is found, or a file is no Parquet file.
    """
    paths = [path for given in inputs for path in _expand(given)]
    with ThreadPoolExecutor(16) as pool:
        files = list(pool.map(_footer, paths))
    parts: list[Part] = []
    for path, (rows, _) in zip(paths, files, strict=True):
        for start in range(0, rows, ROWS):
            parts.append(Part(f"part-{len(parts):07d}.parquet", path, start, min(start + ROWS, rows)))
    return parts, [file for _, file in files]


def read_part(part: Part) -> Any:
    """The rows of a part as a table, with the columns that say where they come from.

    Raises StageError where the file has changed, UsageError where it has such columns already.
    """
    pa, parquet = library("pyarrow", EXTRA), library("pyarrow.parquet", EXTRA)
    system, path = _opened(part.path)
    with system.open_input_file(path) as stream:
        file = parquet.ParquetFile(stream)
        table = pa.Table.from_batches(_rows(file, part.start, part.stop), file.schema_arrow)
    if len(table) != part.stop - part.start:
        raise StageError(f"{part.path} has changed since the job began: {len(table)} rows in place of {part}")
    for name in {FILE, ROW} & set(table.column_names):
        raise UsageError(f"{part.path} has a column {name!r} already, which the job makes; rename it")
    numbers = pa.array(range(part.start + 1, part.stop + 1), pa.int64())
    return table.append_column(FILE, pa.array([part.path] * len(table), pa.string())).append_column(ROW, numbers)


class Folder:
    """Where the parts of a job go: a folder of this machine, of one that all machines share, or of a store."""

    def __init__(self, address: str) -> None:
        self.address = absolute(address)
        self.system, self.path = _opened(self.address)

    def begin(self, job: Any, inputs: Sequence[InputFile], *, fresh: bool) -> set[str]:
        """Make the folder this job's; returns the names of the parts that are there already.

        ``job`` is anything that msgspec can encode. Raises JournalError where it belongs to another job, UsageError
        where other files lie in it; with ``fresh`` the parts of other jobs are removed.
        """
        self.system.create_dir(self.path, recursive=True)
        names, wanted = self._names(), Header(tuple(inputs), msgspec.json.decode(msgspec.json.encode(job)))
        if JOURNAL not in names and names:
            raise UsageError(f"{self.address} holds other files ({min(names)}); name an empty folder")
        if JOURNAL in names and not fresh:
            check_same(self._header(), wanted, Path(self._at(JOURNAL)))
            return {name for name in names if name.startswith("part-")}
        for name in names:
            if name.startswith(("part-", ".part-")):
                self.system.delete_file(self._at(name))
        with self.system.open_output_stream(self._at(JOURNAL)) as out:
            out.write(msgspec.json.encode(wanted))
        return set()

    def write(self, name: str, table: Any) -> None:
        """Write a part; whoever looks sees all of it or nothing."""
        parquet = library("pyarrow.parquet", EXTRA)
        direct = self.system.type_name in DIRECT
        path = self._at(name if direct else f".{name}.{uuid.uuid4().hex}")
        with self.system.open_output_stream(path) as out:
            parquet.write_table(table, out, compression="zstd")
        if not direct:
            self.system.move(path, self._at(name))

    def finish(self) -> None:
        """Remove what workers that were killed have left."""
        for name in self._names():
            if name.startswith(".part-"):
                self.system.delete_file(self._at(name))

    def _header(self) -> Header:
        try:
            with self.system.open_input_file(self._at(JOURNAL)) as file:
                return msgspec.json.decode(file.read(), type=Header)
        except msgspec.DecodeError as error:
            raise JournalError(f"{self._at(JOURNAL)} is no journal of this version; use --fresh ({error})") from error

    def _names(self) -> set[str]:
        fs = library("pyarrow.fs", EXTRA)
        found = self.system.get_file_info(fs.FileSelector(self.path, allow_not_found=True))
        return {info.base_name for info in found}

    def _at(self, name: str) -> str:
        return posixpath.join(self.path, name)


def _rows(file: Any, start: int, stop: int) -> Iterator[Any]:
    """The batches of a Parquet file's rows from ``start`` to ``stop``; row groups outside are not read."""
    first = 0
    for group in range(file.num_row_groups):
        end = first + file.metadata.row_group(group).num_rows
        at = first
        for batch in file.iter_batches(ROWS, row_groups=[group]) if start < end and first < stop else ():
            low, high = max(start - at, 0), min(stop - at, batch.num_rows)
            if low < high:
                yield batch.slice(low, high - low)
            at += batch.num_rows
        first = end


def _footer(path: str) -> tuple[int, InputFile]:
    """Rows of a file, and what tells it from others: its size, and the digest of its footer."""
    parquet, pa = library("pyarrow.parquet", EXTRA), library("pyarrow", EXTRA)
    system, inner = _opened(path)
    try:
        with system.open_input_file(inner) as stream:
            footer = parquet.ParquetFile(stream).metadata
            size = stream.size()
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}") from error
    digest = hashlib.sha256(repr(footer.to_dict()).encode()).hexdigest()
    return footer.num_rows, InputFile(posixpath.basename(inner), size, digest)


def _expand(given: str) -> list[str]:
    """The files of a path, a folder or a pattern in its last part, in their order."""
    fs = library("pyarrow.fs", EXTRA)
    remote = "://" in given
    address, mark, query = given.partition("?") if remote else (given, "", "")
    folder, pattern = posixpath.split(address)
    if any(character in pattern for character in "*?["):
        system, path = _opened((folder or ".") + mark + query)
    else:
        system, path = _opened(given)
        if system.get_file_info(path).type != fs.FileType.Directory:
            return [absolute(given)]
        pattern = "*.parquet"
    infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    names = [info.path for info in infos if info.is_file and info.base_name[0] not in "._"]
    scheme = address.split("://")[0] + "://" if remote else ""
    found = [scheme + name + mark + query for name in sorted(names) if fnmatchcase(posixpath.basename(name), pattern)]
    if not found:
        raise UsageError(f"no Parquet file is called like {given}")
    return found


def absolute(address: str) -> str:
    """The address as other processes need it: paths without a scheme are those of this machine."""
    return address if "://" in address else str(Path(address).absolute())


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path there."""
    fs, pa = library("pyarrow.fs", EXTRA), library("pyarrow", EXTRA)
    if "://" not in address:
        return fs.LocalFileSystem(), absolute(address)
    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(address)
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise UsageError(f"{address} is no address that can be read: {error}") from error
    return found
