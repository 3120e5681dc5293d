"""The alignment lexicon of a bundle: how strongly two words are linked as translations of each other.

File format `lexicon.npz`: `keys`, uint64 sorted ascending, and `scores`, uint8 of the same length (255 stands for 1).
A key is 48 bits of a hash of (language, English form, other form); forms are lower-cased words, or their first five
characters followed by `*`. `language` is the NLLB code of the side that is not English.
"""

import zlib
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from spanport_models.errors import BundleError
from spanport_models.word_cache import WordCache

PREFIX = 5
_KEY_BITS = np.uint64(48)
_BUCKET_BITS = 18
_BUCKET_SHIFT = _KEY_BITS - np.uint64(_BUCKET_BITS)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FINISHER = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, BadZipFile, zlib.error)
"""What numpy and zipfile raise for files that are no such archive."""


def _hash_form(language: str, form: str) -> int:
    return int.from_bytes(blake2b(f"{language}\t{form}".encode(), digest_size=8).digest(), "little")


def _hashes(language: str, forms: Sequence[str]) -> NDArray[np.uint64]:
    return np.fromiter((_hash_form(language, form) for form in forms), dtype=np.uint64, count=len(forms))


def _combine(english: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """48-bit keys of hashed forms; the arguments broadcast. Products wrap around, as 64-bit mixing wants."""
    mixed = (english * _MULTIPLIER) ^ other
    mixed = (mixed ^ (mixed >> _HALF)) * _FINISHER
    return mixed >> (np.uint64(64) - _KEY_BITS)


def hash_pairs(language: str, english: Sequence[str], other: Sequence[str]) -> NDArray[np.uint64]:
    """Keys of the pairs `english[i]`, `other[i]`. Shape: (pairs,)."""
    return _combine(_hashes("eng_Latn", english), _hashes(language, other))


def prefix(word: str) -> str:
    """The five-character prefix form of a lower-cased word, or an empty string where the word is shorter."""
    return word[:PREFIX] + "*" if len(word) >= PREFIX else ""


class Lexicon:
    """A lexicon in memory, and the hashes of words to look up in it (`spanport_kernels.lookup` does that).

    Attributes:
        keys: Sorted 48-bit hashes, shape (entries,), uint64.
        scores: In [0, 1], float32 of the same shape.
        starts: Where the keys of each value of the highest 18 bits start, int32 (2**18 + 1,).
        marks: By the same bits, which values the next three have among the keys, as bits of a uint8, (2**18,).
    """

    def __init__(self, keys: NDArray[np.uint64], scores: NDArray[np.uint8]) -> None:
        if keys.ndim != 1 or keys.shape != scores.shape:
            raise ValueError(f"keys {keys.shape} and scores {scores.shape} must be one-dimensional and equally long")
        if len(keys) > 1 and not bool((keys[1:] > keys[:-1]).all()):
            raise ValueError("lexicon keys must be sorted and distinct")
        self.keys = keys
        self.scores: NDArray[np.float32] = scores.astype(np.float32) / np.float32(255)
        buckets = np.arange((1 << _BUCKET_BITS) + 1, dtype=np.uint64) << _BUCKET_SHIFT
        self.starts: NDArray[np.int32] = np.searchsorted(keys, buckets).astype(np.int32)
        bucket, bit = keys >> _BUCKET_SHIFT, (keys >> (_BUCKET_SHIFT - np.uint64(3))) & np.uint64(7)
        self.marks: NDArray[np.uint8] = np.zeros(1 << _BUCKET_BITS, np.uint8)
        np.bitwise_or.at(self.marks, bucket.astype(np.int64), np.uint8(1) << bit.astype(np.uint8))
        self._hashes: dict[str, WordCache] = {}

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Read `lexicon.npz`.

        Raises:
            BundleError: The file is missing, or not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                keys, scores = arrays["keys"], arrays["scores"]
            if (keys.dtype, scores.dtype) != (np.uint64, np.uint8):
                raise ValueError(f"keys of {keys.dtype} and scores of {scores.dtype}, not of uint64 and uint8")
            return cls(keys, scores)
        except _UNREADABLE as error:
            raise BundleError(
                f"{path} cannot be read as a lexicon: {error}",
                expected="an .npz file with the sorted arrays keys (uint64) and scores (uint8), equally long",
                remedy="Export or fetch the bundle again.",
            ) from error

    def __reduce__(self) -> tuple[type["Lexicon"], tuple[NDArray[np.uint64], NDArray[np.uint8]]]:
        return Lexicon, (self.keys, np.rint(self.scores * np.float32(255)).astype(np.uint8))

    def __len__(self) -> int:
        return len(self.keys)

    def hashes(self, language: str, words: Sequence[str]) -> NDArray[np.uint64]:
        """Hashes of the forms of words of a language (NLLB code), and of their prefix forms, 0 where they have none.

        Shape: (words, 2). A language that the lexicon does not know has hashes that it does not hold.
        """
        cache = self._hashes.setdefault(language, WordCache(partial(_both_forms, language), np.uint64))
        return cache(words)[0].reshape(-1, 2)


def _both_forms(language: str, words: list[str]) -> tuple[NDArray[np.uint64], list[int]]:
    lowered = [word.lower() for word in words]
    short = [prefix(word) for word in lowered]
    hashes = np.stack((_hashes(language, lowered), _hashes(language, short)), axis=1)
    hashes[[not form for form in short], 1] = 0
    return hashes.ravel(), [2] * len(words)
