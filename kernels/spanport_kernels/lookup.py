"""Look-up of hashed word pairs in a bilingual lexicon, for every word pair of a batch of sentence pairs.

A word comes as two hashes: of its form, and of its prefix form (0: it has none). The key of a pair mixes the hash of
the English word into that of the other word and keeps 48 bits; the table holds the keys it knows in ascending order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from spanport_kernels.jit import F32, I64, IN_F32, IN_I32, IN_I64, IN_U8, OUT_F32, VOID, Array, kernel
from spanport_kernels.ragged import as_array, check_offsets, check_same_batch

Hashes = npt.NDArray[np.uint64]

IN_U64 = types.Array(types.uint64, 1, "C", readonly=True)
IN_U64_2D = types.Array(types.uint64, 2, "C", readonly=True)

KEY_BITS = 48
PREFIX_FACTOR = np.float32(0.7)

NEITHER, SOURCE, TARGET = 0, 1, 2
"""Which side of a pair is English; a pair where neither is has no scores."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FINISHER = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)
_DROPPED = np.uint64(64 - KEY_BITS)
_NONE, _ONE, _THREE, _SEVEN = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(7)


class Table(NamedTuple):
    """A lexicon: ``keys`` (N,) uint64 ascending, ``scores`` (N,) float32, and where the keys of each bucket start.

    A bucket holds the keys of the same highest k bits of 48; ``starts`` is (2**k + 1,) int32. ``marks`` (2**k,) uint8
    has, for each bucket, the bits set that its keys' next three bits name: most pairs are in no lexicon, and to find
    that out takes a quarter of a megabyte, not three.
    """

    keys: Hashes
    scores: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int32]
    marks: npt.NDArray[np.uint8]


@kernel(VOID, IN_U64, IN_F32, IN_I32, IN_U8, I64, IN_U64_2D, IN_I64, IN_U64_2D, IN_I64, IN_I64, F32, OUT_F32)
def _add(
    keys: Hashes,
    scores: Array,
    starts: Array,
    marks: Array,
    bucket_shift: int,
    source: Hashes,
    source_offsets: Array,
    target: Hashes,
    target_offsets: Array,
    english: Array,
    weight: np.float32,
    out: Array,
) -> None:
    shift = np.uint64(bucket_shift)
    at = np.int64(0)
    for pair in range(english.size):
        first, last = target_offsets[pair], target_offsets[pair + 1]
        for i in range(source_offsets[pair], source_offsets[pair + 1]):
            if english[pair] == NEITHER:
                at += last - first
                continue
            for j in range(first, last):
                best = np.float32(0.0)
                for form in range(2):
                    a, b = source[i, form], target[j, form]
                    if a == _NONE or b == _NONE:
                        continue
                    mixed = ((a * _MULTIPLIER) ^ b) if english[pair] == SOURCE else ((b * _MULTIPLIER) ^ a)
                    mixed = (mixed ^ (mixed >> _HALF)) * _FINISHER
                    key = mixed >> _DROPPED
                    bucket = np.int64(key >> shift)
                    if not (np.uint64(marks[bucket]) >> ((key >> (shift - _THREE)) & _SEVEN)) & _ONE:
                        continue
                    for entry in range(starts[bucket], starts[bucket + 1]):
                        if keys[entry] == key:
                            best = max(best, scores[entry] if form == 0 else PREFIX_FACTOR * scores[entry])
                out[at] += weight * best
                at += 1


def add_lexicon(
    similarity: npt.NDArray[np.float32],
    table: Table,
    source_hashes: Any,
    source_offsets: Any,
    target_hashes: Any,
    target_offsets: Any,
    english: Any,
    weight: float,
) -> None:
    """Add ``weight`` times the lexicon's score to every cell of a batch of row-major m x n matrices, in place.

    The score of two words is the larger of that of their forms and 0.7 times that of their prefixes; 0 where the
    table holds neither.

    Args:
        similarity: (sum of m * n,) float32, C-contiguous.
        table: the lexicon.
        source_hashes: (Ns, 2) uint64, form and prefix of each source word.
        source_offsets: (B + 1,) int64.
        target_hashes: (Nt, 2) uint64.
        target_offsets: (B + 1,) int64.
        english: (B,) int64, `NEITHER`, `SOURCE` or `TARGET`.
        weight: factor on the scores.

    Raises:
        ValueError: arrays that do not fit together.
    """
    rows, columns = (np.ascontiguousarray(hashes, np.uint64) for hashes in (source_hashes, target_hashes))
    for name, hashes in (("source_hashes", rows), ("target_hashes", columns)):
        if hashes.ndim != 2 or hashes.shape[1] != 2:
            raise ValueError(f"{name} has shape {hashes.shape}, expected (N, 2): form and prefix")
    s_offsets = check_offsets(source_offsets, len(rows), "source_offsets")
    t_offsets = check_offsets(target_offsets, len(columns), "target_offsets")
    check_same_batch("source_offsets", s_offsets, "target_offsets", t_offsets)
    bits = (table.starts.size - 1).bit_length() - 1
    sizes = (table.keys.size, table.scores.size, table.starts[-1], table.starts.size - 1, table.marks.size)
    if not (sizes[0] == sizes[1] == sizes[2] and sizes[3] == sizes[4] == 1 << bits):
        raise ValueError(
            "the table has {} keys, {} scores, buckets of {} keys, {} buckets and {} marks, expected as many keys as "
            "scores, and as many buckets as marks, a power of 2".format(*sizes)
        )
    sides = as_array(english, np.int64, "english")
    cells = int((np.diff(s_offsets) * np.diff(t_offsets)).sum())
    if sides.size != s_offsets.size - 1 or similarity.shape != (cells,):
        raise ValueError(
            f"english has {sides.size} and similarity {similarity.shape} values, expected {s_offsets.size - 1} pairs "
            f"and ({cells},) cells"
        )
    _add(*table, KEY_BITS - bits, rows, s_offsets, columns, t_offsets, sides, np.float32(weight), similarity)
