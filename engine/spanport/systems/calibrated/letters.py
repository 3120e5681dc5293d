"""The words of one side of a batch, and what their letters say of each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from spanport.ports import BoolArray, Int64, UInt8
from spanport.types import Sentence

CAPITAL, UPPER, LOWER, BARE, DIGIT = (1 << bit for bit in range(5))
"""Begins with a capital; all capitals, two characters or more; begins in lower case; no letter nor digit; a digit."""

REMEMBERED = 1 << 14


@lru_cache(REMEMBERED)
def letters(word: str) -> int:
    """What holds of a word, a sum of `CAPITAL` and the others."""
    return (
        CAPITAL * word[:1].isupper()
        + UPPER * (len(word) > 1 and word.isupper())
        + LOWER * word[:1].islower()
        + BARE * (not any(map(str.isalnum, word)))
        + DIGIT * any(map(str.isdigit, word))
    )


class Words(NamedTuple):
    """The words of B sentences: as texts, and flat as ``letters``, uint8 (W,), with ``offsets`` int64 (B + 1,)."""

    texts: list[list[str]]
    letters: UInt8
    offsets: Int64

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> Words:
        """The words of sentences."""
        texts = [sentence.word_texts() for sentence in sentences]
        offsets = np.cumsum([0, *map(len, texts)])
        flat = map(letters, chain.from_iterable(texts))
        return cls(texts, np.fromiter(flat, np.uint8, int(offsets[-1])), offsets)

    def flags(self, which: int) -> BoolArray:
        """Whether this holds (`CAPITAL` and so on), for every word, bool (W,)."""
        return (self.letters & which) > 0
