"""Plain text: one sentence a line. An empty line is an empty sentence.

Written out, spans are marked in place, ``[PER Ana Ruiz] vive en [LOC Lugo].``: for people to read, not to be
read back (use JSONL for that).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spanport.errors import FormatError
from spanport.formats.lines import decode, encode, numbered, show
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.types import Projection, Sentence


def read_text(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    """One sentence per line, without words or labels (see `spanport.words.with_words`)."""
    for number, raw in numbered(lines):
        try:
            yield Read(number, Sentence(decode(raw, number), reading.language))
        except FormatError as error:
            yield Rejected(number, error, show(raw))


def encode_text(sentence: Sentence) -> bytes:
    """One line, spans marked in place.

    Raises:
        FormatError: the text holds a line end, which one line cannot.
    """
    text = sentence.text
    if "\n" in text or text.endswith("\r"):
        raise FormatError("the text holds a line end; write JSONL instead", record=text)
    parts, at = [], 0
    for span in sentence.spans:
        if span.start < at:
            raise FormatError("spans overlap, which inline marks cannot show; write JSONL instead", record=text)
        parts += [text[at : span.start], f"[{span.label} ", text[span.start : span.end], "]"]
        at = span.end
    return encode("".join(parts) + text[at:] + "\n")


def encode_text_projection(projection: Projection) -> bytes:
    """The target with its projected spans marked; see `encode_text`."""
    return encode_text(projection.labelled())
