"""Records as JSON lines on disk, of which formats that are not written record by record make their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from spanport.formats.fields import sentence_of_fields
from spanport.formats.records import Reading
from spanport.types import Sentence


class Staged:
    """A file of `spanport.formats.jsonl` lines that spanport wrote; it can be gone through more than once."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records as fields."""
        decoder = msgspec.json.Decoder(dict[str, Any])
        with open(self.path, "rb") as lines:
            yield from map(decoder.decode, lines)

    def sentences(self) -> Iterator[tuple[dict[str, Any], Sentence]]:
        """The records as fields and as sentences."""
        reading = Reading()
        for fields in self:
            yield fields, sentence_of_fields(fields, reading)
