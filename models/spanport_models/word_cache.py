"""What is known of words, computed once for each."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spanport_models.batching import Int64Array, ragged_index

LIMIT = 1 << 15
"""Words remembered. Of running text, the frequent words are met again in every batch and the others seldom."""

Compute = Callable[[list[str]], tuple[Sequence[Any] | NDArray[Any], Sequence[int]]]
"""Distinct words -> the values of all of them, one after the other, and how many belong to each."""


class WordCache:
    """Numbers that depend on a word alone, such as its subwords; safe between threads.

    Args:
        compute: What the values are, see `Compute`.
        dtype: Of the values.
        limit: Words that are remembered. When there are more, all are forgotten but those of the call.
    """

    def __init__(self, compute: Compute, dtype: DTypeLike, limit: int = LIMIT) -> None:
        self._compute, self._dtype, self._limit = compute, dtype, limit
        self._lock = threading.Lock()
        self._clear()

    def __call__(self, words: Sequence[str]) -> tuple[NDArray[Any], Int64Array]:
        """Values of all words, and int64 (W + 1,) offsets: where those of each word start."""
        with self._lock:
            self._learn(dict.fromkeys(words))
            order = np.fromiter(map(self._row_of.__getitem__, words), dtype=np.int64, count=len(words))
            index, offsets = ragged_index(self._offsets, order)
            return self._values[index], offsets

    def __len__(self) -> int:
        return len(self._row_of)

    def _clear(self) -> None:
        self._row_of: dict[str, int] = {}
        self._values: NDArray[Any] = np.zeros(0, dtype=self._dtype)
        self._offsets: Int64Array = np.zeros(1, dtype=np.int64)

    def _learn(self, distinct: dict[str, None]) -> None:
        new = [word for word in distinct if word not in self._row_of]
        if not new:
            return
        if len(self._row_of) + len(new) > self._limit:
            self._clear()
            new = list(distinct)
        values, counts = self._compute(new)
        ends = self._offsets[-1] + np.cumsum(np.asarray(counts, dtype=np.int64))
        self._row_of.update(zip(new, range(len(self._row_of), len(self._row_of) + len(new)), strict=True))
        self._values = np.concatenate((self._values, np.asarray(values, dtype=self._dtype)))
        self._offsets = np.concatenate((self._offsets, ends))
