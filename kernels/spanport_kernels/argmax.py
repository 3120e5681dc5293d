"""Argmax extraction: forward, reverse, their intersection and itermax (Jalili Sabet et al. 2020, section 3)."""

import numpy as np

from spanport_kernels.jit import BOOL, EDGES, F64, I64, IN_F32, IN_I64, Array, helper, kernel, longest, maximum


@maximum
def _row_argmax(s: Array, best: Array) -> None:
    """Write the first column of every row's maximum. Two passes without a branch beat one with."""
    n = s.shape[1]
    for i in range(s.shape[0]):
        row = s[i]
        top = row[0]
        for j in range(n):
            top = row[j] if row[j] > top else top
        first = n - 1
        for j in range(n):
            here = j if row[j] == top else n
            first = here if here < first else first
        best[i] = first


@helper
def _column_argmax(s: Array, top: Array, best: Array) -> None:
    """Write the first row of every column's maximum; ``top`` is work space."""
    n = s.shape[1]
    for j in range(n):
        top[j] = s[0, j]
        best[j] = 0
    for i in range(1, s.shape[0]):
        row = s[i]
        index = np.int32(i)
        for j in range(n):
            better = row[j] > top[j]
            top[j] = row[j] if better else top[j]
            best[j] = index if better else best[j]


@helper
def _weigh(s: Array, row_free: Array, column_free: Array, alpha: float, weighted: Array) -> None:
    """Write ``s`` times 1 where row and column are free, alpha where one is, 0 where none is.

    In float64, as the published code has it: float32 products would tie where these do not.
    """
    both = min(2.0 * alpha, 1.0)
    for i in range(s.shape[0]):
        if_free = both if row_free[i] else alpha
        if_taken = alpha if row_free[i] else 0.0
        for j in range(s.shape[1]):
            weighted[i, j] = s[i, j] * (if_free if column_free[j] else if_taken)


@helper
def _take_mutual(
    best_column: Array, best_row: Array, m: int, row_free: Array, column_free: Array, found: Array
) -> int:
    """Write each row's mutual argmax whose row or column is free, else -1; return their number."""
    taken = 0
    for i in range(m):
        j = best_column[i]
        new = best_row[j] == i and (row_free[i] or column_free[j])
        found[i] = j if new else -1
        taken += new
    for i in range(m):
        if found[i] >= 0:
            row_free[i] = False
            column_free[found[i]] = False
    return taken


@helper
def _left(free: Array, size: int) -> int:
    count = 0
    for k in range(size):
        count += free[k]
    return count


@helper
def _emit(found: Array, passes: int, m: int, edges: Array, count: int) -> int:
    """Append the columns that each row found in the passes, ascending; return the new count."""
    for i in range(m):
        first = count
        for step in range(passes):
            j = found[step, i]
            if j >= 0:
                at = count
                while at > first and edges[at - 1, 1] > j:
                    edges[at, 1] = edges[at - 1, 1]
                    at -= 1
                edges[at, 1] = j
                edges[count, 0] = i
                count += 1
    return count


@kernel(EDGES, IN_F32, IN_I64, IN_I64, I64, F64)
def mutual_argmax(
    values: Array, source_offsets: Array, target_offsets: Array, max_count: int, alpha: float
) -> tuple[Array, Array]:
    """Intersection (``max_count`` 1) and itermax; see `spanport_kernels.extract.itermax`."""
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    best_column, best_row = np.empty(m_max, np.int32), np.empty(n_max, np.int32)
    top, wide_top = np.empty(n_max, np.float32), np.empty(n_max, np.float64)
    row_free, column_free = np.empty(m_max, np.bool_), np.empty(n_max, np.bool_)
    weighted_values = np.empty(m_max * n_max if max_count > 1 else 0, np.float64)
    found = np.empty((max_count, m_max), np.int32)
    edges = np.empty((max_count * source_offsets[-1], 2), np.int32)
    offsets = np.zeros(source_offsets.size, np.int64)
    count = begin = np.int64(0)
    for pair in range(offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        if m > 0 and n > 0:
            s = values[begin : begin + m * n].reshape((m, n))
            _row_argmax(s, best_column)
            _column_argmax(s, top, best_row)
            row_free[:m] = True
            column_free[:n] = True
            passes = 1
            new = _take_mutual(best_column, best_row, m, row_free, column_free, found[0])
            rows_left, columns_left = m - new, n - new
            while passes < max_count and min(m, n) > 2 and min(rows_left, columns_left) > 0:
                weighted = weighted_values[: m * n].reshape((m, n))
                _weigh(s, row_free, column_free, alpha, weighted)
                _row_argmax(weighted, best_column)
                _column_argmax(weighted, wide_top, best_row)
                new = _take_mutual(best_column, best_row, m, row_free, column_free, found[passes])
                if new == 0:
                    break
                rows_left, columns_left = _left(row_free, m), _left(column_free, n)
                passes += 1
            count = _emit(found, passes, m, edges, count)
        begin += m * n
        offsets[pair + 1] = count
    return edges[:count].copy(), offsets


@kernel(EDGES, IN_F32, IN_I64, IN_I64, BOOL)
def one_way_argmax(values: Array, source_offsets: Array, target_offsets: Array, reverse: bool) -> tuple[Array, Array]:
    """Every row's best column, or with ``reverse`` every column's best row."""
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    best_column, best_row = np.empty(m_max, np.int32), np.empty(n_max, np.int32)
    top = np.empty(n_max, np.float32)
    edges = np.empty((target_offsets[-1] if reverse else source_offsets[-1], 2), np.int32)
    offsets = np.zeros(source_offsets.size, np.int64)
    count = begin = np.int64(0)
    for pair in range(offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        if m > 0 and n > 0:
            s = values[begin : begin + m * n].reshape((m, n))
            if reverse:
                _column_argmax(s, top, best_row)
            else:
                _row_argmax(s, best_column)
            for i in range(m):
                first, last = (0, n) if reverse else (best_column[i], best_column[i] + 1)
                for j in range(first, last):
                    if not reverse or best_row[j] == i:
                        edges[count, 0], edges[count, 1] = i, j
                        count += 1
        begin += m * n
        offsets[pair + 1] = count
    return edges[:count].copy(), offsets
