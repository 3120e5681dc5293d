"""SimAlign's null-align filter: drop edges between words that are similar to everything."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_kernels.jit import IN_F32, IN_I32_2D, IN_I64, OUT_F32, VOID, Array, helper, kernel, longest
from spanport_kernels.ragged import Ragged, check_edge_range, check_edges, check_matrices, check_same_batch


@helper
def _entropies(s: Array, rows: Array, columns: Array, row_sums: Array, column_sums: Array) -> None:
    """Write the entropy of every row and column, scaled to sum 1, over its maximum; 1 for a line of zeros."""
    m, n = s.shape
    rows[:m] = 0.0
    row_sums[:m] = 0.0
    columns[:n] = 0.0
    column_sums[:n] = 0.0
    for i in range(m):
        for j in range(n):
            value = np.float64(s[i, j])
            if value > 0.0:
                part = value * np.log(value)
                rows[i] -= part
                columns[j] -= part
                row_sums[i] += value
                column_sums[j] += value
    for i in range(m):
        rows[i] = (rows[i] / row_sums[i] + np.log(row_sums[i])) / np.log(n) if row_sums[i] > 0.0 else 1.0
    for j in range(n):
        columns[j] = (
            (columns[j] / column_sums[j] + np.log(column_sums[j])) / np.log(m) if column_sums[j] > 0.0 else 1.0
        )


@kernel(VOID, IN_F32, IN_I64, IN_I64, IN_I32_2D, IN_I64, OUT_F32)
def _edge_entropies(
    values: Array, source_offsets: Array, target_offsets: Array, edges: Array, edge_offsets: Array, out: Array
) -> None:
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    rows, row_sums = np.empty(m_max), np.empty(m_max)
    columns, column_sums = np.empty(n_max), np.empty(n_max)
    begin = np.int64(0)
    for pair in range(edge_offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        if min(m, n) > 2:
            s = values[begin : begin + m * n].reshape((m, n))
            _entropies(s, rows, columns, row_sums, column_sums)
        for edge in range(edge_offsets[pair], edge_offsets[pair + 1]):
            out[edge] = min(rows[edges[edge, 0]], columns[edges[edge, 1]]) if min(m, n) > 2 else 0.0
        begin += m * n


def edge_entropies(
    values: Any, source_offsets: Any, target_offsets: Any, edges: Any, edge_offsets: Any
) -> NDArray[np.float32]:
    """Return how little each edge says: the lesser entropy of its row and column, from 0 to 1.

    A row or column is scaled to sum 1 and its entropy divided by the logarithm of its length.

    Args:
        values: (sum of m * n,) float32 similarities, none negative (``cosine01``).
        source_offsets: (B + 1,) int64; their differences are the m.
        target_offsets: (B + 1,) int64; their differences are the n.
        edges: (E, 2) int32 extracted edges.
        edge_offsets: (B + 1,) int64.

    Returns:
        (E,) float32; 0 in matrices of at most two rows or columns, which the filter leaves alone.

    Raises:
        ValueError: arrays that do not fit together, an edge outside its matrix, a negative similarity.
    """
    matrices, rows, columns = check_matrices(values, source_offsets, target_offsets)
    links, offsets = check_edges(edges, edge_offsets)
    check_same_batch("source_offsets", rows, "edge_offsets", offsets)
    check_edge_range(links, offsets, np.diff(rows), np.diff(columns))
    if matrices.size and matrices.min() < 0:
        raise ValueError(f"values has {matrices.min()}, expected similarities >= 0 (metric 'cosine01')")
    out = np.zeros(links.shape[0], np.float32)
    if links.size:
        _edge_entropies(matrices, rows, columns, links, offsets, out)
    return out


def null_align(edges: Any, edge_offsets: Any, entropies: Any, threshold: float) -> Ragged:
    """Drop the edges whose entropy exceeds a threshold.

    SimAlign takes the threshold from a whole corpus: a quantile of `edge_entropies`.

    Args:
        edges: (E, 2) int32.
        edge_offsets: (B + 1,) int64.
        entropies: (E,) from `edge_entropies`.
        threshold: the greatest entropy kept.

    Returns:
        Ragged: the edges kept, (K, 2) int32, and (B + 1,) int64 offsets.

    Raises:
        ValueError: arrays that do not fit together.
    """
    links, offsets = check_edges(edges, edge_offsets)
    values = np.asarray(entropies)
    if values.shape != (links.shape[0],):
        raise ValueError(f"entropies has shape {values.shape}, expected ({links.shape[0]},)")
    kept = values <= threshold
    return Ragged(links[kept], np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)[offsets])
