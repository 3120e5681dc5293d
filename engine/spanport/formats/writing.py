"""Writing sentences and projections in any format."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from spanport.errors import UsageError
from spanport.formats.extras import library
from spanport.formats.reading import find_format, holds_documents
from spanport.formats.staged import Staged
from spanport.formats.table import Format
from spanport.types import Projection, Sentence


def write(
    path: str | PathLike[str],
    records: Iterable[Sentence | Projection],
    format: str | None = None,
    *,
    replace: bool = False,
) -> int:
    """Write records to a file or, where that is the format, to a folder; returns how many.

    The file appears when it is whole.

    Args:
        path: where to; its ending says the format unless ``format`` does; a further ``.gz`` or ``.zst`` compresses.
        records: any number of them; they are gone through once.
        format: a name in `spanport.formats.FORMATS`.
        replace: whether to write over what is there.

    Raises:
        UsageError: the format is unknown or cannot be written, or the path is taken.
        RecordError: the format cannot hold a record.
        RuntimeMissingError: the format's library is not installed.
    """
    name = fspath(path)
    form = find_format(name, format, writing=True)
    if Path(name).exists() and not replace:
        raise UsageError(f"{name} is there already; pass replace=True to write over it")
    check_replaceable(name)
    part = f"{name}.part"
    count = 0
    try:
        with opened(part, like="" if form.save else name) as file:
            for count, record in enumerate(records, 1):  # noqa: B007 - the last count is the result
                file.write(encoded(form, record))
        if form.save:
            save(form, part, name)
        else:
            os.replace(part, name)
    finally:
        Path(part).unlink(missing_ok=True)
    return count


def check_replaceable(path: str) -> None:
    """Raise UsageError where a folder holds other things than records that a format wrote."""
    if Path(path).is_dir() and any(Path(path).iterdir()) and not holds_documents(path):
        raise UsageError(f"folder {path} holds other files than a data set, which would be lost; name another")


def encoded(form: Format, record: Sentence | Projection) -> bytes:
    """The bytes of a record."""
    assert form.encode is not None
    assert form.encode_projection is not None
    return form.encode_projection(record) if isinstance(record, Projection) else form.encode(record)


def save(form: Format, staged: str, path: str, *, batches: bool = False) -> None:
    """Make the file or folder of a format with ``save`` of JSON lines, or of Arrow ``batches``.

    What was at ``path`` is replaced.

    Raises:
        RecordError: the format cannot hold a record.
        RuntimeMissingError: the format's library is not installed.
    """
    assert form.save is not None
    made = f"{path}.made"
    check_replaceable(path)
    try:
        if batches and form.save_batches is not None:
            form.save_batches(made, staged)
        else:
            form.save(made, Staged(staged))
        if Path(path).is_dir():
            shutil.rmtree(path)
        elif Path(made).is_dir():
            Path(path).unlink(missing_ok=True)
        if Path(made).is_dir() or not path.lower().endswith((".gz", ".zst")):
            os.replace(made, path)
        else:
            with open(made, "rb") as plain, opened(path, like=path) as packed:
                shutil.copyfileobj(plain, packed)
    finally:
        if Path(made).is_dir():
            shutil.rmtree(made)
        Path(made).unlink(missing_ok=True)


@contextmanager
def opened(path: str, *, like: str) -> Iterator[Any]:
    """A file to write bytes to, compressed as the ending of ``like`` says."""
    if like.lower().endswith(".gz"):
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
            yield file
    elif like.lower().endswith(".zst"):
        with library("zstandard", "zst").open(path, "wb") as file:
            yield file
    else:
        with open(path, "wb") as file:
            yield file
