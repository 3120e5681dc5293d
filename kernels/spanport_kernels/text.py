"""Texts of words that are numbers of a vocabulary, and pieces of texts, as bytes with offsets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import IN_I32, IN_I64, IN_U8, OUT_I32, OUT_U8, VOID, Array, kernel

SPACE = 32


class Joined(NamedTuple):
    """Sentences whose words are joined by one space.

    ``text`` uint8; ``offsets`` int32 ``(B + 1,)``: where each sentence begins; ``places`` int32 ``(W,)``: the byte of
    ``text`` at which each word begins; ``characters`` int32 ``(W,)``: the same in code points of its sentence.
    """

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    characters: npt.NDArray[np.int32]


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
    """Fill the arrays of `Joined`."""
    at = np.int64(0)
    text_offsets[0] = 0
    for b in range(offsets.size - 1):
        character = np.int64(0)
        for w in range(offsets[b], offsets[b + 1]):
            if w > offsets[b]:
                text[at] = SPACE
                at += 1
            word = words[w]
            places[w], characters[w] = at, character
            for x in range(starts[word], starts[word + 1]):
                text[at] = vocabulary[x]
                at += 1
            character += lengths[word] + 1
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
    size = int(np.diff(starts).astype(np.int64)[words].sum()) + words.size
    if size > np.iinfo(np.int32).max:
        raise OverflowError(f"the text of one block has {size} bytes, past the 2 GiB that its offsets can say")
    text, places = np.empty(size, np.uint8), np.empty(words.size, np.int32)
    text_offsets, characters = np.empty(offsets.size, np.int32), np.empty(words.size, np.int32)
    _join_words(vocabulary, starts, lengths, words, offsets, text, text_offsets, places, characters)
    return Joined(text[: text_offsets[-1]], text_offsets, places, characters)


@kernel(VOID, IN_U8, IN_I32, IN_I32, IN_I32, OUT_U8)
def _pieces(text: Array, starts: Array, ends: Array, offsets: Array, out: Array) -> None:
    for p in range(starts.size):
        for x in range(ends[p] - starts[p]):
            out[offsets[p] + x] = text[starts[p] + x]


def pieces(
    text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """The bytes of P ranges of a text, one after the other, and int32 ``(P + 1,)`` where each begins."""
    offsets = np.zeros(starts.size + 1, np.int32)
    np.cumsum(ends - starts, out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    _pieces(text, starts, ends, offsets, out)
    return out, offsets
