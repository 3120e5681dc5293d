"""The alignment lexicon of a bundle: how strongly two words are linked as translations of each other.

File format `lexicon.npz`: `keys`, uint64 sorted ascending, and `scores`, uint8 of the same length (255 stands for 1).
A key is 48 bits of a hash of (language, English form, other form); forms are lower-cased words, or their first five
characters followed by `*`. `language` is the NLLB code of the side that is not English.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PREFIX = 5
PREFIX_FACTOR = 0.7
_KEY_BITS = np.uint64(48)
_BUCKET_BITS = np.uint64(18)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FINISHER = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)


@lru_cache(maxsize=1 << 16)
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
    """Look-up of translation scores between English and other words, a sentence pair at a time.

    `keys` sorted 48-bit hashes, shape (entries,), uint64; `scores` uint8 of the same shape.
    """

    def __init__(self, keys: NDArray[np.uint64], scores: NDArray[np.uint8]) -> None:
        if keys.ndim != 1 or keys.shape != scores.shape:
            raise ValueError(f"keys {keys.shape} and scores {scores.shape} must be one-dimensional and equally long")
        if len(keys) > 1 and not bool((keys[1:] > keys[:-1]).all()):
            raise ValueError("lexicon keys must be sorted and distinct; the file is damaged: reinstall the bundle")
        self._scores: NDArray[np.float32] = np.append(scores, np.uint8(0)).astype(np.float32) / np.float32(255)
        buckets = np.arange((1 << int(_BUCKET_BITS)) + 1, dtype=np.uint64) << (_KEY_BITS - _BUCKET_BITS)
        self._starts = np.searchsorted(keys, buckets).astype(np.int64)
        self._depth = int(np.diff(self._starts).max(initial=0))
        # Padding: probing may run past the last entry, and no key has the top bits set.
        self._keys = np.append(keys, np.full(self._depth + 1, np.uint64(2**64 - 1)))
        self._size = len(keys)

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Read `lexicon.npz`. Raises `OSError` or `ValueError` when the file is missing or not such a file."""
        with np.load(path, allow_pickle=False) as arrays:
            if "keys" not in arrays or "scores" not in arrays:
                raise ValueError(f"{path}: expected the arrays 'keys' and 'scores', found {sorted(arrays)}")
            return cls(arrays["keys"].astype(np.uint64), arrays["scores"].astype(np.uint8))

    def __len__(self) -> int:
        return self._size

    def _find(self, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        places = self._starts[(keys >> (_KEY_BITS - _BUCKET_BITS)).astype(np.int64)]
        found = np.full(keys.shape, self._size, dtype=np.int64)
        for offset in range(self._depth):
            candidate = places + offset
            np.copyto(found, candidate, where=self._keys[candidate] == keys)
        scores: NDArray[np.float32] = self._scores[found]
        return scores

    def scores(self, language: str, english: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
        """Scores in [0, 1] of every word of `english` (m) with every word of `other` (n).

        The larger of the score of the words and 0.7 times that of their five-character prefixes. `language` is the
        NLLB code of `other`; a language the lexicon does not know scores 0. Shape: (m, n), float32.
        """
        if not english or not other:
            return np.zeros((len(english), len(other)), dtype=np.float32)
        rows, columns = [word.lower() for word in english], [word.lower() for word in other]
        words = self._find(_combine(_hashes("eng_Latn", rows)[:, None], _hashes(language, columns)[None, :]))
        short_rows, short_columns = [prefix(word) for word in rows], [prefix(word) for word in columns]
        prefixes = self._find(
            _combine(_hashes("eng_Latn", short_rows)[:, None], _hashes(language, short_columns)[None, :])
        )
        best: NDArray[np.float32] = np.maximum(words, np.float32(PREFIX_FACTOR) * prefixes)
        return best
