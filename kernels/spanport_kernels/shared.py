"""Links that an entity and each of its candidates share, counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import IN_BOOL, IN_I32_2D, IN_I64, IN_I64_2D, OUT_I64_2D, VOID, Array, kernel

LINKS, NAMED, SOURCES, TARGETS = 0, 1, 2, 3
"""Columns of the counts: links, those that are flagged, their source words, their target words."""


@kernel(VOID, IN_I64_2D, IN_I32_2D, IN_I64, IN_I64, IN_BOOL, OUT_I64_2D)
def _count(candidates: Array, edges: Array, rows: Array, offsets: Array, flags: Array, counts: Array) -> None:
    """Count as `shared_links` says. An entity's links are sorted by target word once, then candidates swept."""
    words = sources = most = 0
    for x in range(offsets.size - 1):
        most = max(most, offsets[x + 1] - offsets[x])
    for edge in range(edges.shape[0]):
        sources, words = max(sources, edges[edge, 0] + 1), max(words, edges[edge, 1] + 1)
    for c in range(candidates.shape[0]):
        words = max(words, candidates[c, 2])
    first, sorted_links = np.zeros(words + 2, np.int64), np.empty(most + 1, np.int64)
    seen = np.full(sources + 1, -1, np.int64)
    entity, start, reach, sweep = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    for c in range(candidates.shape[0]):
        if candidates[c, 0] != entity:
            entity, start = candidates[c, 0], np.int64(-1)
            first[:] = 0
            for r in range(offsets[entity], offsets[entity + 1]):
                first[edges[rows[r], 1] + 2] += 1
            for t in range(2, words + 2):
                first[t] += first[t - 1]
            for r in range(offsets[entity], offsets[entity + 1]):
                target = edges[rows[r], 1]
                sorted_links[first[target + 1]] = rows[r]
                first[target + 1] += 1
        if candidates[c, 1] != start or candidates[c, 2] < reach:
            start = reach = candidates[c, 1]
            sweep = np.int64(c)  # marks the source words that were met from here on
            counts[c] = 0
        else:
            counts[c] = counts[c - 1]
        for t in range(reach, candidates[c, 2]):
            counts[c, TARGETS] += first[t + 1] > first[t]
            for r in range(first[t], first[t + 1]):
                edge = sorted_links[r]
                counts[c, LINKS] += 1
                counts[c, NAMED] += flags[edge]
                counts[c, SOURCES] += seen[edges[edge, 0]] != sweep
                seen[edges[edge, 0]] = sweep
        reach = candidates[c, 2]


def shared_links(
    candidates: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    flags: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """How many links of its entity lie in each candidate, int64 ``(C, 4)``: see `LINKS` for the columns.

    ``candidates`` ``(C, 3)``: entity, first target word, last word + 1, sorted; ``edges`` ``(A, 2)``, unique within a
    pair; ``rows``: the edges of each entity, ragged by ``offsets`` ``(entities + 1,)``; ``flags`` ``(A,)``.
    """
    counts = np.empty((len(candidates), 4), np.int64)
    _count(np.ascontiguousarray(candidates), edges, rows, offsets, flags, counts)
    return counts
