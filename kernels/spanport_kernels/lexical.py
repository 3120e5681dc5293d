"""String similarity of words: identity, case-folded identity, trigram Dice; on code points, never on strings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from spanport_kernels.jit import IN_I64, OUT_F32, OUT_I64, VOID, helper, kernel
from spanport_kernels.ragged import Offsets

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]

IN_U32 = types.Array(types.uint32, 1, "C", readonly=True)
IN_U64 = types.Array(types.uint64, 1, "C", readonly=True)
OUT_U64 = types.Array(types.uint64, 1, "C")

FOLDED = np.float32(0.95)
LEAST_DICE = np.float32(0.3)


@kernel(VOID, IN_U32, IN_I64, OUT_U64)
def _hash_words(codes: Codes, offsets: Offsets, out: Hashes) -> None:
    """FNV-1a of each word's code points."""
    for w in range(len(offsets) - 1):
        h = np.uint64(14695981039346656037)
        for k in range(offsets[w], offsets[w + 1]):
            h = (h ^ np.uint64(codes[k])) * np.uint64(1099511628211)
        out[w] = h


@kernel(VOID, IN_U32, IN_I64, OUT_U64, OUT_I64)
def _trigrams(codes: Codes, offsets: Offsets, out: Hashes, counts: npt.NDArray[np.int64]) -> None:
    """Sorted unique trigrams of each word padded by one boundary on either side; a word of n has at most n.

    Code points need 21 bits, so three of them fit one integer exactly and no collision is possible.
    """
    for w in range(len(offsets) - 1):
        start, end = offsets[w], offsets[w + 1]
        count = 0
        for k in range(start, end):
            left = np.uint64(codes[k - 1]) if k > start else np.uint64(0)
            right = np.uint64(codes[k + 1]) if k + 1 < end else np.uint64(0)
            gram = (left << np.uint64(42)) | (np.uint64(codes[k]) << np.uint64(21)) | right
            at = start + count
            while at > start and out[at - 1] > gram:
                at -= 1
            if at > start and out[at - 1] == gram:
                continue
            for move in range(start + count, at, -1):
                out[move] = out[move - 1]
            out[at] = gram
            count += 1
        counts[w] = count


@helper
def _dice(a: Hashes, i: int, n: int, b: Hashes, j: int, m: int) -> np.float32:
    """Dice coefficient of two sorted runs; 0 when even full overlap could not exceed the floor."""
    if np.float32(2 * min(n, m)) <= LEAST_DICE * np.float32(n + m):
        return np.float32(0.0)
    common, x, y = 0, i, j
    while x < i + n and y < j + m:
        if a[x] == b[y]:
            common += 1
            x += 1
            y += 1
        elif a[x] < b[y]:
            x += 1
        else:
            y += 1
    dice = np.float32(2 * common) / np.float32(n + m)
    return dice if dice > LEAST_DICE else np.float32(0.0)


@kernel(VOID, *[IN_I64] * 2, *[IN_U64] * 6, *[IN_I64] * 4, OUT_F32)
def _fill(
    sentence_offsets_s: Offsets,
    sentence_offsets_t: Offsets,
    exact_s: Hashes,
    exact_t: Hashes,
    folded_s: Hashes,
    folded_t: Hashes,
    grams_s: Hashes,
    grams_t: Hashes,
    starts_s: Offsets,
    starts_t: Offsets,
    counts_s: Offsets,
    counts_t: Offsets,
    out: npt.NDArray[np.float32],
) -> None:
    at = 0
    for p in range(len(sentence_offsets_s) - 1):
        for i in range(sentence_offsets_s[p], sentence_offsets_s[p + 1]):
            for j in range(sentence_offsets_t[p], sentence_offsets_t[p + 1]):
                if exact_s[i] == exact_t[j]:
                    out[at] = np.float32(1.0)
                elif folded_s[i] == folded_t[j]:
                    out[at] = FOLDED
                else:
                    out[at] = _dice(grams_s, starts_s[i], counts_s[i], grams_t, starts_t[j], counts_t[j])
                at += 1


def encode_words(words: list[str]) -> tuple[Codes, Offsets]:
    """Words as code points: uint32 (characters in all,) with int64 (W + 1,) offsets."""
    offsets = np.cumsum([0, *map(len, words)])
    return np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype=np.uint32), offsets


def _side(words: list[str]) -> tuple[Hashes, Hashes, Hashes, Offsets, Offsets]:
    codes, offsets = encode_words(words)
    exact = np.empty(len(words), np.uint64)
    _hash_words(codes, offsets, exact)
    codes, offsets = encode_words(list(map(str.casefold, words)))
    folded, grams = np.empty(len(words), np.uint64), np.empty(len(codes), np.uint64)
    counts = np.empty(len(words), np.int64)
    _hash_words(codes, offsets, folded)
    _trigrams(codes, offsets, grams, counts)
    return exact, folded, grams, offsets, counts


def lexical_similarity(
    source_words: list[str], source_offsets: Offsets, target_words: list[str], target_offsets: Offsets
) -> npt.NDArray[np.float32]:
    """String similarity of every word pair of B sentence pairs.

    source_words, target_words: the words of all sentences, joined up; source_offsets, target_offsets: int64
    (B + 1,). Returns float32 (sum of m_i * n_i,), row-major m x n a pair: 1 for the same string, 0.95 for the same
    up to case, else the Dice coefficient of the case-folded words' boundary-padded trigrams where above 0.3, else 0.
    """
    out = np.empty(int((np.diff(source_offsets) * np.diff(target_offsets)).sum()), np.float32)
    exact_s, folded_s, grams_s, starts_s, counts_s = _side(source_words)
    exact_t, folded_t, grams_t, starts_t, counts_t = _side(target_words)
    _fill(
        source_offsets, target_offsets, exact_s, exact_t, folded_s, folded_t,
        grams_s, grams_t, starts_s, starts_t, counts_s, counts_t, out,
    )  # fmt: skip
    return out
