"""Spans in code points of sentences whose words are joined by one space, to spans in words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    OUT_BOOL,
    OUT_I32_2D,
    OUT_I64,
    Array,
    helper,
    kernel,
)
from spanport_kernels.label_codes import same
from spanport_kernels.text import Joined


@helper
def _word_at(characters: Array, begin: int, end: int, character: int) -> int:
    """The first word from ``begin`` on that does not begin before a character; ``end`` where there is none."""
    while begin < end and characters[begin] < character:
        begin += 1
    return begin


@kernel(
    I64, IN_I64, IN_I64, IN_I64, IN_I32, IN_U8, IN_I64, BOOL,
    IN_I64, IN_I32, IN_I32, IN_I32, IN_I32, IN_U8, IN_I32, OUT_BOOL, OUT_I32_2D, OUT_I64,
)  # fmt: skip
def _to_words(
    span_offsets: Array,
    starts: Array,
    ends: Array,
    types: Array,
    texts: Array,
    text_offsets: Array,
    with_texts: bool,
    offsets: Array,
    words: Array,
    lengths: Array,
    characters: Array,
    places: Array,
    text: Array,
    sentences: Array,
    odd: Array,
    found: Array,
    found_offsets: Array,
) -> int:
    """Fill what `word_spans` returns; returns the number of spans."""
    total = 0
    found_offsets[0] = 0
    for b in range(offsets.size - 1):
        w, stop, before = offsets[b], offsets[b + 1], total
        for s in range(span_offsets[b], span_offsets[b + 1]):
            if odd[b]:
                break
            w = _word_at(characters, w, stop, starts[s])
            last = _word_at(characters, w, stop, ends[s]) - 1
            if last < w or characters[w] != starts[s] or characters[last] + lengths[words[last]] != ends[s]:
                odd[b] = True
                break
            if with_texts:
                end = places[last + 1] - 1 if last + 1 < stop else sentences[b + 1]
                odd[b] = not same(texts, text_offsets[s], text_offsets[s + 1], text, places[w], end)
            found[total, 0], found[total, 1], found[total, 2] = w - offsets[b], last + 1 - offsets[b], types[s]
            total += 1
            w = last + 1
        if odd[b]:
            total = before
        found_offsets[b + 1] = total
    return total


def word_spans(
    span_offsets: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    types: npt.NDArray[np.int32],
    texts: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None,
    offsets: npt.NDArray[np.int64],
    words: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    joined: Joined,
    odd: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Spans that begin and end with words, one after the other.

    Args:
        span_offsets: int64 ``(B + 1,)`` where the S spans of each of B sentences begin.
        starts, ends: int64 ``(S,)`` code points of the sentence.
        types: int32 ``(S,)``, handed on.
        texts: bytes that stand at the spans, and int64 ``(S + 1,)`` where each begins; None where nobody says.
        offsets, words, lengths, joined: the sentences, as in `join_words`.
        odd: bool ``(B,)`` sentences to leave without spans; those are added whose spans are not as said.

    Returns:
        int32 ``(E, 3)`` first word, word after the last (of the sentence), type; their int64 ``(B + 1,)`` offsets.
    """
    found, found_offsets = np.empty((starts.size, 3), np.int32), np.empty(offsets.size, np.int64)
    data, text_offsets = texts or (np.empty(0, np.uint8), np.zeros(1, np.int64))
    total = _to_words(
        span_offsets, starts, ends, types, data, text_offsets, texts is not None,
        offsets, words, lengths, joined.characters, joined.places, joined.text, joined.offsets,
        odd, found, found_offsets,
    )  # fmt: skip
    return found[:total], found_offsets
