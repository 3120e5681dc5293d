"""Offsets in other units than Unicode characters."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from spanport.errors import EncodingError, SpanError
from spanport.formats.records import Offsets
from spanport.types import Span

NAMES = {"bytes": "bytes", "utf16": "UTF-16 units"}
ENCODINGS = {"bytes": ("utf-8", 1), "utf16": ("utf-16-le", 2)}
"""The encoding that each unit counts, and the bytes of one unit in it."""


def to_codepoints(text: str, spans: Sequence[Span], unit: Offsets) -> Sequence[Span]:
    """The spans, whose offsets count ``unit`` of a text, with offsets in code points.

    Raises:
        SpanError: an offset lies past the text or inside a character.
        EncodingError: the text holds half of a surrogate pair.
    """
    if unit == "codepoints" or not spans:
        return spans
    encoding, width = ENCODINGS[unit]
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError as error:
        raise EncodingError(f"lone surrogate at character {error.start}", record=ascii(text)) from None
    starts = {0: 0}
    at = 0
    for i, character in enumerate(text, 1):
        at += len(character.encode(encoding))
        starts[at] = i

    def place(span: Span, offset: int) -> int:
        found = starts.get(offset * width)
        if found is None:
            units = len(data) // width
            what = "runs past the text" if offset > units else f"has offset {offset} inside a character of the text"
            raise SpanError(
                f"span {span.start}-{span.end} ({span.label}) {what}, which has {units} {NAMES[unit]}; check "
                "what the offsets count: codepoints, bytes or utf16",
                record=text,
            )
        return found

    return [msgspec.structs.replace(span, start=place(span, span.start), end=place(span, span.end)) for span in spans]
