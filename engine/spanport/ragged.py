"""Ragged arrays: values of item after item, and the offsets at which each begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.ports import Float32, Int64


def offsets_of(lengths: Sequence[int] | Int64) -> Int64:
    """int64 (B + 1,): where each of B rows starts, and the end of the last."""
    out = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.asarray(lengths, dtype=np.int64), out=out[1:])
    return out


def range_means(values: Float32, start: Int64, end: Int64, column: npt.NDArray[np.integer[Any]]) -> Float32:
    """Mean of ``values[start:end, column]`` for each of R ranges of at least one row, float32 (R,).

    values: float32 (W, L); start, end, column: (R,). Ranges of one length are taken together, so that every mean is
    rounded as that of the range by itself.
    """
    out = np.empty(len(start), np.float32)
    lengths = end - start
    for length in np.unique(lengths).tolist():
        at = np.flatnonzero(lengths == length)
        out[at] = values[start[at, None] + np.arange(length), column[at, None]].mean(axis=1)
    return out
