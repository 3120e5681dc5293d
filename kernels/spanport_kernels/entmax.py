"""1.5-entmax extraction (Peters, Niculae and Martins 2019): a softmax with exact zeros.

The probability of x is ``max(x / 2 - tau, 0) ** 2`` with the tau for which a line's sum to 1. That sum
less 1 is convex and falling in tau, so Newton's method from below finds tau in a few vectorised
passes, without the usual sort.
"""

import numpy as np

from spanport_kernels.jit import EDGES, F64, IN_F32, IN_I64, Array, helper, kernel, longest, reduction

#: Least distance from tau, in the halved scores, of a probability above 0; nearer is rounding.
_LEAST = 1e-6


@reduction
def _excess(line: Array, tau: float) -> tuple[float, float]:
    """Return the sum of the positive differences from tau and the sum of their squares."""
    total = squares = 0.0
    for k in range(line.size):
        over = line[k] - tau
        over = over if over > 0.0 else 0.0
        total += over
        squares += over * over
    return total, squares


@helper
def _tau(line: Array) -> float:
    """Return tau of a line of halved scores. The maximum has a probability of at most 1: tau >= maximum - 1."""
    tau = line[0]
    for k in range(1, line.size):
        tau = max(tau, line[k])
    tau -= 1.0
    for _ in range(50):
        total, squares = _excess(line, tau)
        if not total > 0.0:
            break
        step = (squares - 1.0) / (2.0 * total)
        tau += step
        if step < 1e-12:
            break
    return float(tau)


@kernel(EDGES, IN_F32, IN_I64, IN_I64, F64, F64)
def entmax_edges(
    values: Array, source_offsets: Array, target_offsets: Array, threshold: float, scale: float
) -> tuple[Array, Array]:
    """Bidirectional 1.5-entmax; see `spanport_kernels.extract.entmax15`."""
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    row_tau, column_tau = np.empty(m_max, np.float64), np.empty(n_max, np.float64)
    rows, columns = np.empty(m_max * n_max, np.float64), np.empty(m_max * n_max, np.float64)
    edges = np.empty((values.size, 2), np.int32)
    offsets = np.zeros(source_offsets.size, np.int64)
    margin = max(np.sqrt(threshold), _LEAST)
    count = begin = np.int64(0)
    for pair in range(offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        for i in range(m):
            for j in range(n):
                half = 0.5 * scale * values[begin + i * n + j]
                rows[i * n + j] = half
                columns[j * m + i] = half
        if m > 0 and n > 0:
            for i in range(m):
                row_tau[i] = _tau(rows[i * n : (i + 1) * n])
            for j in range(n):
                column_tau[j] = _tau(columns[j * m : (j + 1) * m])
        for i in range(m):
            for j in range(n):
                half = rows[i * n + j]
                if half - row_tau[i] > margin and half - column_tau[j] > margin:
                    edges[count, 0], edges[count, 1] = i, j
                    count += 1
        begin += m * n
        offsets[pair + 1] = count
    return edges[:count].copy(), offsets
