"""Match extraction: maximum-weight full bipartite matching, by shortest augmenting paths.

The rectangular variant of the Jonker-Volgenant algorithm (Crouse 2016, "On implementing 2D rectangular
assignment algorithms"), on costs ``-similarity`` with the shorter side as rows.
"""

import numpy as np

from spanport_kernels.jit import EDGES, IN_F32, IN_I64, Array, helper, kernel, longest

_MOST = 1e30


@helper
def _costs(s: Array, cost: Array) -> None:
    """Write ``-s``, transposed if it has more rows than columns; NaN is the greatest cost.

    Costs are finite, so that every row reaches every column and the search ends.
    """
    for i in range(s.shape[0]):
        for j in range(s.shape[1]):
            value = -float(s[i, j])
            if not value < _MOST:
                value = _MOST
            value = max(value, -_MOST)
            if s.shape[0] <= s.shape[1]:
                cost[i, j] = value
            else:
                cost[j, i] = value


@helper
def _start(cost: Array, u: Array, v: Array, column_of: Array, row_of: Array) -> None:
    """Give every row its cheapest column where that is free, and duals that make it optimal so far."""
    m, n = cost.shape
    v[:n] = 0.0
    row_of[:n] = -1
    for i in range(m):
        best = 0
        for j in range(1, n):
            if cost[i, j] < cost[i, best]:
                best = j
        u[i] = cost[i, best]
        column_of[i] = -1
        if row_of[best] < 0:
            row_of[best], column_of[i] = i, best


@helper
def _augment(
    cost: Array,
    root: int,
    u: Array,
    v: Array,
    column_of: Array,
    row_of: Array,
    length: Array,
    path: Array,
    open_: Array,
) -> None:
    """Assign row ``root`` along the shortest alternating path to a free column, and update the duals."""
    n = cost.shape[1]
    length[:n] = np.inf
    open_[:n] = True
    row, distance, sink = root, 0.0, -1
    while sink < 0:
        base = distance - u[row]
        for j in range(n):
            through = base + cost[row, j] - v[j]
            better = open_[j] and through < length[j]
            length[j] = through if better else length[j]
            path[j] = row if better else path[j]
        nearest = -1
        for j in range(n):
            if open_[j] and (nearest < 0 or length[j] < length[nearest]):
                nearest = j
        distance = length[nearest]
        open_[nearest] = False
        if row_of[nearest] < 0:
            sink = nearest
        else:
            row = row_of[nearest]
    u[root] += distance
    for j in range(n):
        if not open_[j] and j != sink:
            u[row_of[j]] += distance - length[j]
            v[j] -= distance - length[j]
    row = -1
    while row != root:
        row = path[sink]
        row_of[sink] = row
        column_of[row], sink = sink, column_of[row]


@kernel(EDGES, IN_F32, IN_I64, IN_I64)
def match_edges(values: Array, source_offsets: Array, target_offsets: Array) -> tuple[Array, Array]:
    """Full matching of min(m, n) edges; see `spanport_kernels.extract.match`."""
    m_max, n_max = longest(source_offsets), longest(target_offsets)
    most = max(m_max, n_max)
    costs = np.empty(m_max * n_max, np.float64)
    u, v, length = np.empty(most, np.float64), np.empty(most, np.float64), np.empty(most, np.float64)
    column_of, row_of = np.empty(most, np.int32), np.empty(most, np.int32)
    path, open_ = np.empty(most, np.int32), np.empty(most, np.bool_)
    edges = np.empty((min(source_offsets[-1], target_offsets[-1]), 2), np.int32)
    offsets = np.zeros(source_offsets.size, np.int64)
    count = begin = np.int64(0)
    for pair in range(offsets.size - 1):
        m = source_offsets[pair + 1] - source_offsets[pair]
        n = target_offsets[pair + 1] - target_offsets[pair]
        if m > 0 and n > 0:
            cost = costs[: m * n].reshape((min(m, n), max(m, n)))
            _costs(values[begin : begin + m * n].reshape((m, n)), cost)
            _start(cost, u, v, column_of, row_of)
            for row in range(cost.shape[0]):
                if column_of[row] < 0:
                    _augment(cost, row, u, v, column_of, row_of, length, path, open_)
            for i in range(m):
                j = column_of[i] if m <= n else row_of[i]
                if j >= 0:
                    edges[count, 0], edges[count, 1] = i, j
                    count += 1
        begin += m * n
        offsets[pair + 1] = count
    return edges[:count].copy(), offsets
