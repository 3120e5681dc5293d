"""The formats by name and by file ending, and reading any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from os import PathLike, fspath

import msgspec

from spanport.errors import UsageError
from spanport.formats.conll import encode_conll, encode_conll_projection, read_conll
from spanport.formats.iob2 import encode_iob2, encode_iob2_projection, read_iob2
from spanport.formats.jsonl import encode_jsonl, encode_jsonl_projection, read_jsonl
from spanport.formats.lines import Source, read_lines
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import ReadAlignmentResult, ReadResult
from spanport.formats.text import encode_text, encode_text_projection, read_text
from spanport.languages import resolve
from spanport.types import Projection, Sentence


class Format(msgspec.Struct, frozen=True):
    """How sentences are read and written.

    ``read(lines, language, labels)`` yields a result per record and never raises for a bad one; ``encode`` and
    ``encode_projection`` give the bytes of one record, its end included, and raise `RecordError` where the
    format cannot hold it.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[Iterable[bytes], str, bool], Iterator[ReadResult]]
    encode: Callable[[Sentence], bytes]
    encode_projection: Callable[[Projection], bytes]


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("text", (".txt",), read_text, encode_text, encode_text_projection),
        Format(
            "conll",
            (".conll", ".conll02", ".conll03", ".tsv", ".bio", ".iob"),
            read_conll,
            encode_conll,
            encode_conll_projection,
        ),
        Format("iob2", (".iob2",), read_iob2, encode_iob2, encode_iob2_projection),
        Format("jsonl", (".jsonl",), read_jsonl, encode_jsonl, encode_jsonl_projection),
    )
}

ALIGNMENT_ENDINGS = (".pharaoh", ".align")


def holds_alignments(path: str) -> bool:
    """Whether a path ends as a file of Pharaoh alignments does; see `read_alignments`."""
    return path.lower().removesuffix(".gz").endswith(ALIGNMENT_ENDINGS)


def find_format(source: Source, name: str | None = None) -> Format:
    """The format called `name`, or else the one that the path ends in (a further ``.gz`` does not count).

    Raises:
        UsageError: there is no such format, or the ending says none; the message lists what there is.
    """
    known = "; ".join(f"{form.name} ({' '.join(form.endings)})" for form in FORMATS.values())
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"unknown format {name!r}; there are {known}")
        return FORMATS[name]
    path = fspath(source) if isinstance(source, str | PathLike) else ""
    plain = path.lower().removesuffix(".gz")
    for form in FORMATS.values():
        if plain.endswith(form.endings):
            return form
    what = f"the ending of {path} names no format" if path not in ("", "-") else "a stream has no ending"
    raise UsageError(f"{what}; name the format: there are {known}")


def is_readable(path: str) -> bool:
    """Whether the ending of a path names a format of sentences."""
    return path.lower().removesuffix(".gz").endswith(tuple(end for form in FORMATS.values() for end in form.endings))


def labelled_format(source: Source, name: str | None = None) -> str | None:
    """As ``name``, but ``conll`` for a path that ends in ``.txt``: plain text has no labels, columns often end so."""
    if name is not None or not isinstance(source, str | PathLike):
        return name
    return "conll" if fspath(source).lower().removesuffix(".gz").endswith(FORMATS["text"].endings) else None


def read(source: Source, format: str | None = None, language: str = "", labels: bool = True) -> Iterator[ReadResult]:
    """The records of a file, in order; one that cannot be read is yielded as `Rejected` in its place.

    Args:
        source: a path, ``-`` for standard input, or a binary stream.
        format: a name in `FORMATS`; by default the path's ending tells.
        language: the language of sentences that name none.
        labels: False leaves the labels of the file unread, whatever they say.

    Raises:
        UsageError: at once, when the format is unknown or the file cannot be opened.
        LanguageError: at once, when the language is unknown.
    """
    form = find_format(source, format)
    language = resolve(language) if language else ""
    return form.read(read_lines(source), language, labels)


def read_alignments(source: Source) -> Iterator[ReadAlignmentResult]:
    """The Pharaoh alignments of a file, in order, as `read` does for sentences."""
    return read_pharaoh(read_lines(source))
