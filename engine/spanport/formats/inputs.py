"""Inputs of a job: files, patterns and folders that are read one after the other as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

import msgspec

from spanport.errors import UsageError
from spanport.formats.reading import find_format, holds_documents, is_readable, labelled_format, read_as
from spanport.formats.records import Reading, ReadResult


class Input(msgspec.Struct, frozen=True):
    """Files of one format and how they are read."""

    paths: tuple[str, ...]
    format: str
    reading: Reading = Reading()

    @property
    def name(self) -> str:
        """What messages call it."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return self.paths[0] + more

    def read(self, met: set[str] | None = None) -> Iterator[ReadResult]:
        """The records of all files; of several, each says of which it is; ``met`` as for `mapped`.

        Raises:
            UsageError: at once, as for `spanport.formats.read`, when the first file cannot be read.
        """
        first = read_as(self.paths[0], self.format, self.reading, met)
        if len(self.paths) == 1:
            return first
        return self._chained(first, met)

    def _chained(self, first: Iterator[ReadResult], met: set[str] | None) -> Iterator[ReadResult]:
        for path in self.paths:
            results = first if path is self.paths[0] else read_as(path, self.format, self.reading, met)
            for result in results:
                yield msgspec.structs.replace(result, file=path)


def find_input(given: str | Sequence[str], format: str | None, reading: Reading, *, labelled: bool = False) -> Input:
    """The files that paths, patterns and folders stand for, in the format named or the one that all of them have.

    With ``labelled`` a ``.txt`` file holds columns; see `labelled_format`.

    Raises:
        UsageError: nothing is found, no format is known, or there are several.
    """
    paths = expand([given] if isinstance(given, str) else given)
    names = [labelled_format(path, format) if labelled else format for path in paths]
    formats = {find_format(path, name).name: path for path, name in zip(paths, names, strict=True)}
    if len(formats) > 1:
        kinds = ", ".join(f"{path} is {name}" for name, path in formats.items())
        raise UsageError(f"the inputs have different formats ({kinds}); run one job for each")
    return Input(paths, next(iter(formats)), reading)


def expand(given: Sequence[str]) -> tuple[str, ...]:
    """Paths as they are, the files of a pattern in their order, and those of a folder whose endings name a format.

    Raises:
        UsageError: a pattern or a folder has none, or there is nothing at all.
    """
    found: list[str] = []
    for path in given:
        if Path(path).is_dir() and not holds_documents(path):
            inside = [str(file) for file in sorted(Path(path).iterdir()) if file.is_file() and is_readable(str(file))]
            if not inside:
                raise UsageError(f"folder {path} holds no file that can be read, nor is it a data set")
            found += inside
        elif any(mark in path for mark in "*?[") and not Path(path).exists():
            matches = sorted(glob(path, recursive=True))
            if not matches:
                raise UsageError(f"no file is called like {path}")
            found += matches
        else:
            found.append(path)
    if not found:
        raise UsageError("there is no input; name a file, a pattern or a folder")
    return tuple(found)
