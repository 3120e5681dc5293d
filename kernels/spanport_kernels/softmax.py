"""Softmax extraction (Dou and Neubig 2021, section 2.2): keep what both directions find probable."""

import numpy as np

from spanport_kernels.jit import EDGES, F32, IN_F32, IN_I64, Array, helper, kernel, longest, maximum, reduction

#: Relative distance from the threshold within which a probability is computed again in float64.
_DOUBT = np.float32(1e-4)


@helper
def _exp(x: np.float32) -> np.float32:
    """Return exp(x) for x <= 0, to a relative 1e-5 above -40, in arithmetic that runs on vector units.

    The Taylor polynomial of exp(x / 128), squared seven times. Below -87 float32 has nothing to represent.
    """
    x = x if x > np.float32(-87.0) else np.float32(-87.0)
    x *= np.float32(1.0 / 128.0)
    y = np.float32(1.0 / 120.0) + x * np.float32(1.0 / 720.0)
    y = np.float32(1.0 / 24.0) + x * y
    y = np.float32(1.0 / 6.0) + x * y
    y = np.float32(0.5) + x * y
    y = np.float32(1.0) + x * y
    y = np.float32(1.0) + x * y
    y *= y
    y *= y
    y *= y
    y *= y
    y *= y
    y *= y
    return y * y


@maximum
def _maxima(s: Array, row_top: Array, column_top: Array) -> None:
    n = s.shape[1]
    for j in range(n):
        column_top[j] = s[0, j]
    for i in range(s.shape[0]):
        row = s[i]
        top = row[0]
        for j in range(n):
            top = row[j] if row[j] > top else top
            column_top[j] = row[j] if row[j] > column_top[j] else column_top[j]
        row_top[i] = top


@reduction
def _exponentials(
    row: Array, scale: float, row_top: float, column_top: Array, row_exp: Array, column_sum: Array
) -> np.float32:
    """Write one row's exponentials relative to its maximum, return their sum, add to the columns' sums."""
    total = np.float32(0.0)
    for j in range(row.size):
        e = _exp(scale * (row[j] - row_top))
        row_exp[j] = e
        total += e
        column_sum[j] += _exp(scale * (row[j] - column_top[j]))
    return total


@helper
def _surely_above(s: Array, i: int, j: int, scale: float, threshold: float) -> bool:
    """Whether both softmax probabilities of a cell exceed the threshold, in float64."""
    most = 1.0 / threshold
    here = np.float64(s[i, j])
    row = column = 0.0
    for k in range(s.shape[1]):
        row += np.exp(scale * (s[i, k] - here))
    for k in range(s.shape[0]):
        column += np.exp(scale * (s[k, j] - here))
    return row < most and column < most


@helper
def _candidates(
    s: Array,
    scale: float,
    threshold: float,
    row_top: Array,
    column_top: Array,
    row_exp: Array,
    column_sum: Array,
    edges: Array,
    rest: Array,
    count: int,
) -> int:
    """Append the cells that are probable in their row, and their probability over the threshold."""
    m, n = s.shape
    column_sum[:n] = np.float32(0.0)
    for i in range(m):
        total = _exponentials(s[i], scale, row_top[i], column_top, row_exp, column_sum)
        limit = total * threshold
        lowest = limit * (np.float32(1.0) - _DOUBT)
        for j in range(n):
            if row_exp[j] > lowest:
                edges[count, 0], edges[count, 1] = i, j
                rest[count] = row_exp[j] / limit
                count += 1
    return count


@helper
def _confirm(
    s: Array,
    scale: float,
    threshold: float,
    column_top: Array,
    column_sum: Array,
    edges: Array,
    rest: Array,
    first: int,
    last: int,
) -> int:
    """Keep the candidates that are probable in their column too; return the new count."""
    low, high = np.float32(1.0) - _DOUBT, np.float32(1.0) + _DOUBT
    kept = first
    for at in range(first, last):
        i, j = edges[at, 0], edges[at, 1]
        column = _exp(scale * (s[i, j] - column_top[j])) / (column_sum[j] * threshold)
        least = min(column, rest[at])
        if least > high or (least > low and _surely_above(s, i, j, np.float64(scale), np.float64(threshold))):
            edges[kept, 0], edges[kept, 1] = i, j
            kept += 1
    return kept


@kernel(EDGES, IN_F32, IN_I64, IN_I64, F32, F32)
def softmax_edges(
    values: Array, source_offsets: Array, target_offsets: Array, threshold: float, scale: float
) -> tuple[Array, Array]:
    """Bidirectional softmax; see `spanport_kernels.extract.softmax`."""
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    row_top, column_top = np.empty(m_max, np.float32), np.empty(n_max, np.float32)
    row_exp, column_sum = np.empty(n_max, np.float32), np.empty(n_max, np.float32)
    edges = np.empty((values.size, 2), np.int32)
    rest = np.empty(values.size, np.float32)
    offsets = np.zeros(source_offsets.size, np.int64)
    count = begin = np.int64(0)
    for pair in range(offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        if m > 0 and n > 0:
            s = values[begin : begin + m * n].reshape((m, n))
            _maxima(s, row_top, column_top)
            last = _candidates(s, scale, threshold, row_top, column_top, row_exp, column_sum, edges, rest, count)
            count = _confirm(s, scale, threshold, column_top, column_sum, edges, rest, count, last)
        begin += m * n
        offsets[pair + 1] = count
    return edges[:count].copy(), offsets
