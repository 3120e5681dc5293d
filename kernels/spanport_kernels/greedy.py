"""Kernel of `matching`: the best candidate again and again."""

from __future__ import annotations

import numpy as np

from spanport_kernels.jit import I64, IN_F64, IN_I32, IN_I64, OUT_F64, OUT_I64, Array, helper, kernel


@helper
def take_best(
    entity: Array,
    start: Array,
    end: Array,
    score: Array,
    first: int,
    last: int,
    limit: int,
    live: Array,
    used: Array,
    picks: Array,
    found: int,
) -> int:
    """Of the candidates ``first`` to ``last``, take the best one left again and again; ties go to the first.

    Returns the number of picks so far, ``found`` before.
    """
    for e in range(used.size):
        used[e] = 0
    alive = 0
    for c in range(first, last):
        if score[c] > 0.0:
            live[alive] = c
            alive += 1
    taken_start = taken_end = np.int32(-1)
    while True:
        best = -1
        kept = 0
        for x in range(alive):
            c = live[x]
            if (start[c] < taken_end and end[c] > taken_start) or used[entity[c]] >= limit:
                continue
            live[kept] = c
            kept += 1
            if best < 0 or score[c] > score[best]:
                best = c
        if best < 0:
            return found
        alive = kept
        picks[found] = best
        found += 1
        used[entity[best]] += 1
        taken_start, taken_end = start[best], end[best]


@kernel(I64, IN_I32, IN_I32, IN_I32, IN_F64, IN_I64, IN_I32, I64, OUT_I64, OUT_F64, OUT_F64)
def pick_greedily(
    entity: Array,
    start: Array,
    end: Array,
    score: Array,
    offsets: Array,
    entity_counts: Array,
    limit: int,
    picks: Array,
    value: Array,
    ceiling: Array,
) -> np.int64:
    """Greedy picks, and per sentence their sum and the sum of the entities' best scores; returns their number."""
    most_candidates = most_entities = 1
    for b in range(entity_counts.size):
        most_candidates = max(most_candidates, int(offsets[b + 1] - offsets[b]))
        most_entities = max(most_entities, int(entity_counts[b]))
    live = np.empty(most_candidates, np.int64)
    used = np.empty(most_entities, np.int64)
    best = np.empty(most_entities, np.float64)
    found = np.int64(0)
    for b in range(entity_counts.size):
        before = found
        found = take_best(entity, start, end, score, offsets[b], offsets[b + 1], limit, live, used, picks, before)
        value[b] = ceiling[b] = 0.0
        for x in range(before, found):
            value[b] += score[picks[x]]
        for e in range(entity_counts[b]):
            best[e] = 0.0
        for c in range(offsets[b], offsets[b + 1]):
            if score[c] > best[entity[c]]:
                ceiling[b] += score[c] - best[entity[c]]
                best[entity[c]] = score[c]
    return found
