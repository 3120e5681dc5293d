"""Texts of words that are numbers of a vocabulary, and pieces of texts, as bytes with offsets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import I64, IN_I32, IN_I64, IN_U8, OUT_I32, OUT_I64, OUT_U8, VOID, Array, helper, kernel

SPACE = 32
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT = (np.uint64(i) for i in range(1, 9))
SPARE = np.zeros(8, np.uint8)


class Joined(NamedTuple):
    """Sentences whose words are joined by one space.

    ``text`` uint8, with room for eight bytes more after the last sentence; ``offsets`` int32 ``(B + 1,)``: where each
    sentence begins; ``places`` int32 ``(W,)``: the byte of ``text`` at which each word begins; ``characters`` int32
    ``(W,)``: the same in code points of its sentence.
    """

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    characters: npt.NDArray[np.int32]


@helper
def copy_eights(source: Array, begin: np.uint64, end: np.uint64, out: Array, at: np.uint64) -> None:
    """Copy bytes, eight at a time, so that up to seven more are read and written than there are to copy.

    All indices are unsigned: a sign would be tested at every byte, and the eight would not become one instruction.
    """
    while begin < end:
        b0, b1 = source[begin], source[begin + ONE]
        b2, b3 = source[begin + TWO], source[begin + THREE]
        b4, b5 = source[begin + FOUR], source[begin + FIVE]
        b6, b7 = source[begin + SIX], source[begin + SEVEN]
        out[at], out[at + ONE] = b0, b1
        out[at + TWO], out[at + THREE] = b2, b3
        out[at + FOUR], out[at + FIVE] = b4, b5
        out[at + SIX], out[at + SEVEN] = b6, b7
        begin += EIGHT
        at += EIGHT


@kernel(I64, IN_I32, IN_I32)
def _size(starts: Array, words: Array) -> int:
    """Bytes of words that are numbers of a vocabulary."""
    size = np.int64(0)
    for word in words:
        size += starts[word + 1] - starts[word]
    return int(size)


@kernel(VOID, IN_U8, IN_I32, IN_I32, IN_I32, IN_I64, OUT_U8, OUT_I32, OUT_I32, OUT_I32)
def _join_words(
    vocabulary: Array,
    starts: Array,
    lengths: Array,
    words: Array,
    offsets: Array,
    text: Array,
    text_offsets: Array,
    places: Array,
    characters: Array,
) -> None:
    """Fill the arrays of `Joined`; vocabulary and text have room for eight bytes more."""
    at = np.uint64(0)
    text_offsets[0] = 0
    for b in range(offsets.size - 1):
        character = np.int64(0)
        for w in range(offsets[b], offsets[b + 1]):
            word = words[w]
            places[w], characters[w] = at, character
            begin, end = np.uint64(starts[word]), np.uint64(starts[word + 1])
            copy_eights(vocabulary, begin, end, text, at)
            at += end - begin
            text[at] = SPACE
            at += ONE
            character += lengths[word] + 1
        if offsets[b + 1] > offsets[b]:
            at -= ONE
        text_offsets[b + 1] = at


def join_words(
    vocabulary: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    words: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
) -> Joined:
    """Write out sentences whose words are numbers of a vocabulary.

    Args:
        vocabulary: bytes of V words, one after the other.
        starts: int32 ``(V + 1,)`` where each word of the vocabulary begins.
        lengths: int32 ``(V,)`` its length in code points.
        words: int32 ``(W,)`` numbers of the words of B sentences.
        offsets: int64 ``(B + 1,)`` where each sentence begins.

    Raises:
        OverflowError: the text has 2 GiB or more, past what int32 offsets say.
    """
    size = _size(starts, words) + words.size
    if size > np.iinfo(np.int32).max:
        raise OverflowError(f"the text of one block has {size} bytes, past the 2 GiB that its offsets can say")
    text, places = np.empty(size + SPARE.size, np.uint8), np.empty(words.size, np.int32)
    text_offsets, characters = np.empty(offsets.size, np.int32), np.empty(words.size, np.int32)
    _join_words(
        np.concatenate([vocabulary, SPARE]), starts, lengths, words, offsets, text, text_offsets, places, characters
    )
    return Joined(text[: text_offsets[-1] + SPARE.size], text_offsets, places, characters)


class Ranges(NamedTuple):
    """Texts within joined sentences.

    ``begins`` and ``ends`` int64 ``(P,)``: code points of the sentence; ``text`` uint8: what stands there, one after
    the other; ``offsets`` int32 ``(P + 1,)``: where each begins in it.
    """

    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]


@kernel(VOID, IN_I32, IN_I32, IN_I32, IN_I32, IN_I32, IN_I64, IN_I64, OUT_I64, OUT_I64, OUT_I32)
def _measure(
    starts: Array,
    lengths: Array,
    words: Array,
    places: Array,
    characters: Array,
    first: Array,
    last: Array,
    begins: Array,
    ends: Array,
    offsets: Array,
) -> None:
    """Fill what `word_ranges` returns but for the text."""
    at = offsets[0] = 0
    for p in range(first.size):
        begin, end = first[p], last[p]
        word = words[end]
        begins[p], ends[p] = characters[begin], characters[end] + lengths[word]
        at += places[end] - places[begin] + starts[word + 1] - starts[word]
        offsets[p + 1] = at


@kernel(VOID, IN_U8, IN_I32, IN_I64, IN_I32, OUT_U8)
def _copy(text: Array, places: Array, first: Array, offsets: Array, out: Array) -> None:
    """Fill the text of `word_ranges`; both texts have room for eight bytes more."""
    for p in range(first.size):
        begin = np.uint64(places[first[p]])
        copy_eights(text, begin, begin + np.uint64(offsets[p + 1] - offsets[p]), out, np.uint64(offsets[p]))


def word_ranges(
    joined: Joined,
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    words: npt.NDArray[np.int32],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
) -> Ranges:
    """Where P runs of words stand in their sentences, and their texts.

    Args:
        joined: what `join_words` made of ``starts``, ``lengths`` and ``words``.
        first, last: int64 ``(P,)`` the first and the last word of each run, of one sentence; of all those joined.
    """
    begins, ends = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    offsets = np.empty(first.size + 1, np.int32)
    _measure(starts, lengths, words, joined.places, joined.characters, first, last, begins, ends, offsets)
    text = np.empty(int(offsets[-1]) + SPARE.size, np.uint8)
    _copy(joined.text, joined.places, first, offsets, text)
    return Ranges(begins, ends, text, offsets)
