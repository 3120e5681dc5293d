"""Reading and writing files of any format from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Literal

from spanport.errors import RecordError
from spanport.formats import Read, write
from spanport.formats.inputs import find_input
from spanport.formats.records import Offsets, Reading
from spanport.types import Sentence

__all__ = ["read", "write"]


def read(
    path: str | PathLike[str],
    format: str | None = None,
    *,
    lang: str = "",
    labels: bool = True,
    text_column: str | None = None,
    tokens_column: str | None = None,
    labels_column: str | None = None,
    offsets: Offsets = "codepoints",
    map_labels: Mapping[str, str] | None = None,
    on_error: Literal["raise", "return"] = "raise",
) -> Iterator[Sentence | RecordError]:
    """The sentences of a file, of those that a pattern fits, or of those in a folder, in order.

    Args:
        path: what to read; ``-`` is standard input.
        format: a name that `spanport formats` lists; by default the path tells.
        lang: the language of sentences that name none.
        labels: False leaves the labels unread, whatever they say.
        text_column, tokens_column, labels_column: names of fields, in formats that have names.
        offsets: what the offsets of the file count: codepoints, bytes or utf16.
        map_labels: labels by new names, "" for those to leave out.
        on_error: whether a record that cannot be read raises its error at its place, or the error is yielded there.

    Raises:
        UsageError: at once, when the file cannot be opened or its format is unknown.
        RuntimeMissingError: at once, when the format's library is not installed.
    """
    reading = Reading.of(
        lang, labels=labels, text_column=text_column, tokens_column=tokens_column, labels_column=labels_column,
        offsets=offsets, map_labels=map_labels,
    )  # fmt: skip
    results = find_input(str(path), format, reading).read()
    return (_sentence(result, on_error) for result in results)


def _sentence(result: object, on_error: str) -> Sentence | RecordError:
    if isinstance(result, Read):
        return result.sentence
    error: RecordError = result.error  # type: ignore[attr-defined]
    if on_error == "raise":
        raise error
    return error
