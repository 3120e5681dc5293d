"""Similarity matrices of ragged batches of embeddings, with optional mixing and priors.

The product ``A @ B.T`` of two short, wide matrices (35 x 768 by 768 x 36) is a set of dot products of
rows that already lie contiguously, so nothing is packed or copied: a 4 x 2 tile of dot products keeps
its eight sums in vector registers. Cosine normalisation scales the finished matrix, not the inputs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_kernels.jit import (
    F32,
    I64,
    IN_F32,
    IN_F32_2D,
    IN_I64,
    OUT_F32,
    VOID,
    Array,
    helper,
    kernel,
    longest,
    reduction,
)
from spanport_kernels.ragged import Offsets, Ragged, as_array, check_offsets, check_same_batch, matrix_offsets

#: Metric names: raw dot product, cosine, and SimAlign's ``(cosine + 1) / 2`` in [0, 1].
METRICS: Mapping[str, int] = MappingProxyType({"dot": 0, "cosine": 1, "cosine01": 2})


@reduction
def _dot(a: Array, b: Array, i: int, j: int) -> np.float32:
    row, column = a[i], b[j]
    total = np.float32(0.0)
    for k in range(row.size):
        total += row[k] * column[k]
    return total


@reduction
def _tile(a: Array, b: Array, i: int, j: int, out: Array) -> None:
    """Write the 4 x 2 dot products of rows i..i+3 of ``a`` and j..j+1 of ``b``.

    Eight sums and six operands fit the 16 registers of AVX2; a larger tile spills.
    """
    a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
    b0, b1 = b[j], b[j + 1]
    zero = np.float32(0.0)
    s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = zero
    for k in range(a0.size):
        y = b0[k]
        s00 += a0[k] * y
        s10 += a1[k] * y
        s20 += a2[k] * y
        s30 += a3[k] * y
        y = b1[k]
        s01 += a0[k] * y
        s11 += a1[k] * y
        s21 += a2[k] * y
        s31 += a3[k] * y
    out[i, j], out[i, j + 1] = s00, s01
    out[i + 1, j], out[i + 1, j + 1] = s10, s11
    out[i + 2, j], out[i + 2, j + 1] = s20, s21
    out[i + 3, j], out[i + 3, j + 1] = s30, s31


@helper
def _product(a: Array, b: Array, out: Array) -> None:
    """Write ``a @ b.T``. The last tile is moved back inside the matrix, not handled apart."""
    m, n = a.shape[0], b.shape[0]
    if m < 4 or n < 2:
        for i in range(m):
            for j in range(n):
                out[i, j] = _dot(a, b, i, j)
        return
    for i in range(0, m, 4):
        for j in range(0, n, 2):
            _tile(a, b, min(i, m - 4), min(j, n - 2), out)


@helper
def _inverse_norms(a: Array, scale: float, out: Array) -> None:
    """Write ``scale`` over the length of every row; 0 for a row of zeros."""
    for i in range(a.shape[0]):
        norm = np.sqrt(_dot(a, a, i, i))
        out[i] = np.float32(scale) / norm if norm > 0.0 else np.float32(0.0)


@helper
def _rescale(s: Array, row_scale: Array, column_scale: Array, shift: float) -> None:
    for i in range(s.shape[0]):
        for j in range(s.shape[1]):
            s[i, j] = s[i, j] * row_scale[i] * column_scale[j] + np.float32(shift)


@helper
def _add(s: Array, lexical: Array, weight: float) -> None:
    for i in range(s.shape[0]):
        for j in range(s.shape[1]):
            s[i, j] += weight * lexical[i, j]


@helper
def _apply_position(s: Array, strength: float, m: int, n: int) -> None:
    """Multiply cell (i, j) by ``1 - strength * (i / m - j / n) ** 2``."""
    row_step, column_step = np.float32(1.0 / m), np.float32(1.0 / n)
    for i in range(s.shape[0]):
        for j in range(s.shape[1]):
            gap = np.float32(i) * row_step - np.float32(j) * column_step
            s[i, j] *= np.float32(1.0) - strength * gap * gap


@kernel(VOID, I64, IN_F32_2D, IN_I64, IN_F32_2D, IN_I64, IN_F32, F32, F32, F32, F32, IN_I64, OUT_F32)
def fill(
    metric: int,
    source: Array,
    source_offsets: Array,
    target: Array,
    target_offsets: Array,
    lexical: Array,
    weight: float,
    lexical_weight: float,
    position: float,
    distortion: float,
    offsets: Array,
    values: Array,
) -> None:
    """Write the matrices of a batch of pairs into ``values``; see `similarity`.

    All offsets may start anywhere; ``offsets`` address ``values`` and ``lexical`` (empty for none).
    """
    rows = np.empty(longest(source_offsets), np.float32)
    columns = np.empty(longest(target_offsets), np.float32)
    factor, shift = (0.5 * weight, 0.5 * weight) if metric == 2 else (weight, 0.0)
    for pair in range(offsets.size - 1):
        a = source[source_offsets[pair] : source_offsets[pair + 1]]
        b = target[target_offsets[pair] : target_offsets[pair + 1]]
        m, n = a.shape[0], b.shape[0]
        if m == 0 or n == 0:
            continue
        begin, end = offsets[pair], offsets[pair + 1]
        s = values[begin:end].reshape((m, n))
        _product(a, b, s)
        if metric != 0:
            _inverse_norms(a, factor, rows)
            _inverse_norms(b, 1.0, columns)
            _rescale(s, rows, columns, shift)
        elif weight != 1.0:
            rows[:m] = weight
            columns[:n] = 1.0
            _rescale(s, rows, columns, 0.0)
        if lexical.size:
            _add(s, lexical[begin:end].reshape((m, n)), lexical_weight)
        if position != 0.0:
            _apply_position(s, position, m, n)
        if distortion != 0.0 and m > 1 and n > 1:
            _apply_position(s, distortion, m - 1, n - 1)


def check_pairs(
    source: Any, source_offsets: Any, target: Any, target_offsets: Any
) -> tuple[NDArray[np.float32], Offsets, NDArray[np.float32], Offsets]:
    """Return two ragged batches of embeddings as float32 and int64, checked to belong together.

    Raises:
        ValueError: an array of the wrong shape, offsets that do not fit, or widths that differ.
    """
    a = as_array(source, np.float32, "source", columns=0)
    b = as_array(target, np.float32, "target", columns=0)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"target has vectors of {b.shape[1]} values, expected {a.shape[1]} as source has")
    a_offsets = check_offsets(source_offsets, a.shape[0], "source_offsets")
    b_offsets = check_offsets(target_offsets, b.shape[0], "target_offsets")
    check_same_batch("source_offsets", a_offsets, "target_offsets", b_offsets)
    return a, a_offsets, b, b_offsets


def check_lexical(lexical: Any, size: int) -> NDArray[np.float32]:
    """Return the extra score matrices as float32 of ``size`` values; none is an empty array.

    Raises:
        ValueError: a number of values other than ``size``.
    """
    if lexical is None:
        return np.empty(0, np.float32)
    values: NDArray[np.float32] = as_array(lexical, np.float32, "lexical")
    if values.size != size:
        raise ValueError(f"lexical has {values.size} values, expected {size}: one for each matrix cell")
    return values


def metric_code(metric: str) -> int:
    """Return the kernel's code of a metric name. Raises ValueError for an unknown one."""
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}, expected one of {', '.join(METRICS)}")
    return METRICS[metric]


def similarity(
    source: Any,
    source_offsets: Any,
    target: Any,
    target_offsets: Any,
    *,
    metric: str = "cosine",
    weight: float = 1.0,
    lexical: Any = None,
    lexical_weight: float = 1.0,
    position: float = 0.0,
    distortion: float = 0.0,
) -> Ragged:
    """Return the similarity matrix of every pair of a batch.

    Cell (i, j) of a pair of m source and n target vectors is
    ``(weight * metric(i, j) + lexical_weight * lexical[i, j]) * prior``, where ``prior`` is
    ``1 - position * (i / m - j / n)**2``, times, for m, n > 1, SimAlign's distortion
    ``1 - distortion * (i / (m - 1) - j / (n - 1))**2`` (Jalili Sabet et al. 2020, section 3.3).

    Args:
        source: (Ns, d) word or subword vectors; float32, or float16/float64 to be converted.
        source_offsets: (B + 1,) int64.
        target: (Nt, d).
        target_offsets: (B + 1,) int64.
        metric: ``dot``, ``cosine`` or ``cosine01`` (``(cosine + 1) / 2``). A zero vector has cosine 0.
        weight: factor of the embeddings' similarity.
        lexical: further scores, (sum of m * n,) float32 row-major as the result, or None.
        lexical_weight: factor of ``lexical``.
        position: strength of the position prior; 0 is none.
        distortion: SimAlign's kappa; 0 is none.

    Returns:
        Ragged: (sum of m * n,) float32, row-major m x n per pair, and (B + 1,) int64.

    Raises:
        ValueError: arrays that do not fit together, or an unknown metric.
    """
    code = metric_code(metric)
    a, a_offsets, b, b_offsets = check_pairs(source, source_offsets, target, target_offsets)
    offsets = matrix_offsets(a_offsets, b_offsets)
    extra = check_lexical(lexical, int(offsets[-1]))
    values = np.empty(offsets[-1], np.float32)
    if values.size:
        fill(code, a, a_offsets, b, b_offsets, extra, weight, lexical_weight, position, distortion, offsets, values)
    return Ragged(values, offsets)
