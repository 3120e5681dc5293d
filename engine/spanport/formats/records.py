"""What a reader yields: records and rejected records, in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import msgspec

from spanport.errors import RecordError
from spanport.languages import resolve
from spanport.types import Alignment, Sentence

Offsets = Literal["codepoints", "bytes", "utf16"]
"""What the offsets of a file count: Unicode characters, bytes of UTF-8, or UTF-16 units (JavaScript, Java)."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is to be read.

    ``language`` is the NLLB code of sentences that name none; without ``labels`` those of the file are not looked at.
    ``text_column``, ``tokens_column`` and ``labels_column`` name the fields of formats that have names, where these
    are not ``text``, ``tokens`` and one of `spanport.formats.layouts`. ``map_labels``: labels by new names, "" drops.
    """

    language: str = ""
    labels: bool = True
    text_column: str | None = None
    tokens_column: str | None = None
    labels_column: str | None = None
    offsets: Offsets = "codepoints"
    map_labels: dict[str, str] = {}

    @classmethod
    def of(cls, language: str = "", *, map_labels: Mapping[str, str] | None = None, **how: Any) -> Self:
        """With the language as users name it. Raises LanguageError for one that is unknown."""
        return cls(language=resolve(language) if language else "", map_labels=dict(map_labels or {}), **how)


class Read(msgspec.Struct, frozen=True):
    """A sentence and the 1-based line on which its record starts; ``file`` where several are read as one."""

    line: int
    sentence: Sentence
    file: str = ""


class ReadAlignment(msgspec.Struct, frozen=True):
    """The links of one sentence pair: `alignment` the sure ones, `possible` the sure and the possible ones."""

    line: int
    alignment: Alignment
    possible: Alignment


class Rejected(msgspec.Struct, frozen=True):
    """A record that cannot be read: where it starts, why, and what it says (undecodable bytes as ``\\xNN``)."""

    line: int
    error: RecordError
    record: str
    file: str = ""


ReadResult = Read | Rejected
ReadAlignmentResult = ReadAlignment | Rejected


def shown(row: Sequence[Any]) -> str:
    """A record as a reject shows it: what each file says."""
    parts = [item.record if isinstance(item, Rejected) else getattr(item, "sentence", None) for item in row]
    return "\n".join(part if isinstance(part, str) else part.text for part in parts if part is not None)
