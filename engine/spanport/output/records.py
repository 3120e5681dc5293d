"""What becomes of records: output, or a line of the rejects file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import msgspec

REJECT_MARK = b'{"line":'
"""How every line of a rejects file begins."""


class Reject(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rejected record: its 1-based line, the kind of error, what it says, the record as it was read, its file."""

    line: int
    reason: str
    error: str
    record: str
    file: str = ""

    @classmethod
    def of(cls, line: int, error: Exception, record: str, file: str = "") -> Self:
        """A record that ``error`` speaks of."""
        return cls(line, type(error).__name__, str(error), record, file)

    def encode(self) -> bytes:
        """A line of the rejects file, newline included."""
        return msgspec.json.encode(self) + b"\n"


class Part(msgspec.Struct, frozen=True):
    """What became of records that follow one another.

    ``line`` is the one on which the last of the ``records`` begins in the source file; ``output`` is that of all of
    them, and those among ``rejects`` have none of it.
    """

    line: int
    output: bytes = b""
    records: int = 1
    rejects: Sequence[Reject] = ()
