"""Sentences of given words, and blocks of lines that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from spanport.errors import FormatError, RecordError
from spanport.formats.lines import decode, numbered, show
from spanport.formats.records import Read, ReadResult, Rejected
from spanport.labels import WordSpan
from spanport.types import Sentence, Span


def sentence_of_words(
    words: Sequence[str],
    spans: Iterable[WordSpan] = (),
    language: str = "",
    extra: dict[str, Any] | None = None,
    text: str | None = None,
) -> Sentence:
    """A tokenized sentence with spans given in words; its text is ``text``, or the words joined by one space.

    Raises:
        FormatError: a word is not in the text after the word before it.
    """
    joined = " ".join(words)
    offsets = _joined(words) if text is None or text == joined else locate(words, text)
    return Sentence(
        text=joined if text is None else text,
        language=language,
        words=tuple(offsets),
        spans=tuple([Span(offsets[first][0], offsets[last - 1][1], kind) for first, last, kind in spans]),
        extra=extra,
        tokenized=True,
    )


def locate(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Half-open character offsets of the words in a text, each the first place after the word before it.

    Raises:
        FormatError: a word is not there.
    """
    offsets, at = [], 0
    for i, word in enumerate(words):
        start = text.find(word, at)
        if start < 0:
            raise FormatError(f"token {i} ({word!r}) is not in the text after character {at}", record=text)
        at = start + len(word)
        offsets.append((start, at))
    return offsets


def _joined(words: Sequence[str]) -> list[tuple[int, int]]:
    offsets, at = [], 0
    for word in words:
        end = at + len(word)
        offsets.append((at, end))
        at = end + 1
    return offsets


def read_blocks(lines: Iterable[bytes], parse: Callable[[str], Sentence]) -> Iterator[ReadResult]:
    """A sentence per block of lines between blank ones, numbered by its first line."""
    start, block = 1, list[bytes]()
    for number, raw in chain(numbered(lines), [(0, b"")]):
        if raw.strip():
            block.append(raw)
            continue
        if block:
            try:
                yield Read(start, parse(decode(b"\n".join(block), start)))
            except RecordError as error:
                error.line = start
                yield Rejected(start, error, show(b"\n".join(block)))
        start, block = number + 1, []
