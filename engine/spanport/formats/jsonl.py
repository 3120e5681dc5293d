"""JSON lines: one record a line, with the fields that `spanport.formats.fields` describes.

An empty line is an empty sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from spanport.errors import EncodingError, FormatError, RecordError
from spanport.formats.fields import fields_of, fields_of_projection, sentence_of_fields
from spanport.formats.lines import decode, numbered, show
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.types import Projection, Sentence


def read_jsonl(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    """One sentence per line."""
    for number, raw in numbered(lines):
        try:
            yield Read(number, parse_record(decode(raw, number), reading))
        except RecordError as error:
            error.line = number
            yield Rejected(number, error, show(raw))


def parse_record(line: str, reading: Reading | None = None) -> Sentence:
    """The sentence of one line.

    Raises:
        FormatError: the line is not JSON, or as for `sentence_of_fields`.
        SpanError, LabelSchemeError: as for `sentence_of_fields`.
    """
    reading = reading or Reading()
    if not line.strip():
        return Sentence("", reading.language)
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        message = f'not a record: {error}; expected {{"text": ..., "spans": [...]}}'
        raise FormatError(message, record=line) from None
    return sentence_of_fields(fields, reading)


def encode_jsonl(sentence: Sentence) -> bytes:
    """One line with the text, its spans, its tokens where they came with it, and every extra field."""
    return line_of(fields_of(sentence), sentence.text)


def encode_jsonl_projection(projection: Projection, *, links: bool = False) -> bytes:
    """One line; see `fields_of_projection`."""
    return line_of(fields_of_projection(projection, links=links), projection.target.text)


def line_of(fields: dict[str, Any], text: str) -> bytes:
    """The line of a record.

    Raises:
        EncodingError: it holds half of a surrogate pair.
    """
    try:
        return msgspec.json.encode(fields) + b"\n"
    except UnicodeEncodeError as error:
        raise EncodingError(f"lone surrogate, not valid Unicode: {error}", record=ascii(text)) from None
