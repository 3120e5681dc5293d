"""Finding the format of a file, and reading any of them."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from spanport.errors import UsageError, suggestion
from spanport.formats.conll import header_names
from spanport.formats.hub import is_hub_name
from spanport.formats.lines import Source, plain_name, read_lines
from spanport.formats.mapping import mapped
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import ReadAlignmentResult, Reading, ReadResult
from spanport.formats.table import FORMATS, Format

REJECTS = ".rejects.jsonl"
"""How the file that a job puts its rejects into ends."""

ALIGNMENT_ENDINGS = (".pharaoh", ".align")


def holds_alignments(path: str) -> bool:
    """Whether a path ends as a file of Pharaoh alignments does; see `read_alignments`."""
    return plain_name(path).endswith(ALIGNMENT_ENDINGS)


def find_format(source: Source, name: str | None = None, *, writing: bool = False) -> Format:
    """The format called `name`, or else the one that the path says.

    A path says it by its ending (a further ``.gz`` or ``.zst`` does not count); a folder by what it holds; a ``.tsv``
    file with a header is a table.

    Raises:
        UsageError: there is no such format, it cannot be read (or, if ``writing``, written), or the path says none;
            the message lists what there is.
    """
    form = _named(name) if name is not None else _of_path(source, writing)
    if (form.encode if writing else form.read) is None:
        raise UsageError(f"format {form.name!r} is {'read' if writing else 'written'} only; there are {_known()}")
    return form


def _named(name: str) -> Format:
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}{suggestion(name, FORMATS)}; there are {_known()}")
    return FORMATS[name]


def _of_path(source: Source, writing: bool) -> Format:
    path = fspath(source) if isinstance(source, str | PathLike) else ""
    if is_hub_name(path) and not writing:
        return FORMATS["datasets"]
    if path and Path(path).is_dir() and not writing:
        return FORMATS["brat" if any(Path(path).glob("*.ann")) else "datasets"]
    plain = plain_name(path)
    if plain.endswith(".tsv") and not writing and Path(path).is_file() and is_table(path):
        return FORMATS["tsv"]
    for form in FORMATS.values():
        if plain.endswith(form.endings):
            return form
    if path.endswith(("/", "\\")) and not writing and not Path(path).exists():
        raise UsageError(f"cannot open {path}: no such folder")
    what = f"the ending of {path} names no format" if path not in ("", "-") else "a stream has no ending"
    raise UsageError(f"{what}; name the format: there are {_known()}")


def _known() -> str:
    shown = [(form.name, f" ({' '.join(form.endings)})" if form.endings else "") for form in FORMATS.values()]
    return "; ".join(name + endings for name, endings in shown)


def is_table(path: str) -> bool:
    """Whether the first line of a file names columns, so that it is a table and not one word a line."""
    return header_names(next(read_lines(path), b"")) is not None


def holds_documents(folder: str) -> bool:
    """Whether a folder is an input of its own, a data set or brat documents, and no place where others lie."""
    inside = Path(folder)
    marks = ("dataset_info.json", "dataset_dict.json", "state.json")
    return any((inside / mark).is_file() for mark in marks) or any(inside.glob("*.ann"))


def is_readable(path: str) -> bool:
    """Whether the ending of a path names a format of sentences; a job's rejects are none."""
    return not path.endswith(REJECTS) and plain_name(path).endswith(
        tuple(end for form in FORMATS.values() if form.read for end in form.endings)
    )


def labelled_format(source: Source, name: str | None = None) -> str | None:
    """As ``name``, but ``conll`` for a path that ends in ``.txt``: plain text has no labels, columns often end so."""
    if name is not None or not isinstance(source, str | PathLike):
        return name
    return "conll" if plain_name(fspath(source)).endswith(FORMATS["text"].endings) else None


def read(
    source: Source, format: str | None = None, language: str = "", labels: bool = True, **how: Any
) -> Iterator[ReadResult]:
    """The records of a file, in order; one that cannot be read is yielded as `Rejected` in its place.

    Args:
        source: a path, ``-`` for standard input, or a binary stream.
        format: a name in `FORMATS`; by default the path tells.
        language: the language of sentences that name none.
        labels: False leaves the labels of the file unread, whatever they say.
        how: further fields of `Reading`.

    Raises:
        UsageError: at once, when the format is unknown or the file cannot be opened.
        LanguageError: at once, when the language is unknown.
        RuntimeMissingError: at once, when the format's library is not installed.
    """
    return read_as(source, find_format(source, format).name, Reading.of(language, labels=labels, **how))


def read_as(source: Source, format: str, reading: Reading, met: set[str] | None = None) -> Iterator[ReadResult]:
    """As `read`, with all that says how in one record; ``met`` as for `mapped`."""
    form = _named(format)
    assert form.read is not None, "find_format refuses what cannot be read"
    results = form.read(source, reading)
    return mapped(results, reading.map_labels, met) if reading.map_labels else results


def read_alignments(source: Source) -> Iterator[ReadAlignmentResult]:
    """The Pharaoh alignments of a file, in order, as `read` does for sentences."""
    return read_pharaoh(read_lines(source))
