"""What a reader yields: records and rejected records, in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from spanport.errors import RecordError
from spanport.types import Alignment, Sentence


class Read(msgspec.Struct, frozen=True):
    """A sentence and the 1-based line on which its record starts."""

    line: int
    sentence: Sentence


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


ReadResult = Read | Rejected
ReadAlignmentResult = ReadAlignment | Rejected


def shown(row: Sequence[Any]) -> str:
    """A record as a reject shows it: what each file says."""
    parts = [item.record if isinstance(item, Rejected) else getattr(item, "sentence", None) for item in row]
    return "\n".join(part if isinstance(part, str) else part.text for part in parts if part is not None)
