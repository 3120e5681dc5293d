"""The rejects file: one JSON line per record that could not be processed."""

from __future__ import annotations

from typing import Self

import msgspec


class Reject(msgspec.Struct, frozen=True):
    """A rejected record: its 1-based line, the kind of error, what it says, and the record as it was read."""

    line: int
    reason: str
    error: str
    record: str

    @classmethod
    def of(cls, line: int, error: Exception, record: str) -> Self:
        """A record that ``error`` speaks of."""
        return cls(line, type(error).__name__, str(error), record)

    def encode(self) -> bytes:
        """A rejects-file line, newline included."""
        return msgspec.json.encode(self) + b"\n"
