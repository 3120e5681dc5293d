"""Exact matching by dynamic programming: weighted job-interval selection.

Every entity takes at most one candidate, candidates must not overlap, the sum of scores is to be largest (the
integer program of projection with ``<= 1``). The state is a target position and the set of *open* entities that
are used already. An entity is open only from its first candidate's end to its last candidate's start, so few
bits are needed at a time, and entities that are never open together share one.

A known solution is the lower bound: states that cannot beat it are dropped.

Scratch arrays are few and two-dimensional, their rows named in `dp_states`: every array that a helper takes costs
compilation time. A *start* is a distinct position where candidates begin, numbered from the left.
"""

from __future__ import annotations

import numpy as np

from spanport_kernels.dp_states import (
    BEGIN,
    BOUND,
    NEXT,
    OPEN,
    ORDER,
    SET,
    START,
    STAYING,
    STAYS,
    TARGET,
    TEST,
    assign_slots,
    prepare_moves,
    sort_by_start,
    undominated,
)
from spanport_kernels.jit import (
    I64,
    IN_F64,
    IN_I32,
    IN_I32_2D,
    IN_I64,
    OUT_I8,
    OUT_I32,
    OUT_I64,
    Array,
    helper,
    kernel,
)

IMPROVED, UNIMPROVED, CAPPED = 0, 1, 2
"""What `improve` found for a sentence: a better solution, proof that there is none, or too much work."""


@helper
def relax(
    score: Array,
    starts: int,
    width: int,
    lower: float,
    per_candidate: Array,
    per_position: Array,
    reals: Array,
    value: Array,
    origin: Array,
) -> None:
    """Run the dynamic program over all states, ``start << width | mask``, that may still end above ``lower``.

    ``origin`` becomes, per state, the candidate taken to get there plus 1 (0: none) and the mask before that.
    """
    for state in range((starts + 1) << width):
        value[state] = -1.0
    value[0] = 0.0
    for r in range(starts):
        mask = per_position[OPEN, r]
        while mask >= 0:
            so_far = value[(r << width) | mask]
            if so_far >= 0.0 and so_far + reals[BOUND, r] > lower:
                # x = begin - 1 stands for taking no candidate here
                for x in range(per_position[BEGIN, r] - 1, per_position[BEGIN, r + 1]):
                    taken = 0
                    after = so_far
                    state = ((r + 1) << width) | (mask & per_position[STAYS, r])
                    if x >= per_position[BEGIN, r]:
                        if mask & per_candidate[TEST, x]:
                            continue
                        taken = per_candidate[ORDER, x] + 1
                        after += score[taken - 1]
                        state = per_candidate[TARGET, x] << width
                        state |= (mask & per_candidate[STAYING, x]) | per_candidate[SET, x]
                    if after > value[state]:
                        value[state] = after
                        origin[state] = taken << 32 | mask
            mask = (mask - 1) & per_position[OPEN, r] if mask > 0 else -1


@helper
def trace(
    ranges: Array, starts: int, width: int, per_position: Array, origin: Array, picks: Array, found: int
) -> int:
    """Append the best solution's candidates to ``picks``; returns the new length."""
    r, mask = starts, 0
    while r > 0:
        step = origin[(r << width) | mask]
        mask = step & 0xFFFFFFFF
        r -= 1
        if step >> 32:
            picks[found] = (step >> 32) - 1
            r = per_position[NEXT, ranges[picks[found], START]]
            found += 1
    return found


@kernel(I64, IN_I32_2D, IN_F64, IN_I64, IN_I32, IN_I32, IN_F64, I64, I64, OUT_I32, OUT_I64, OUT_I8)
def improve(
    ranges: Array,
    score: Array,
    offsets: Array,
    entity_counts: Array,
    word_counts: Array,
    lower: Array,
    bits_cap: int,
    work_cap: int,
    picks: Array,
    pick_offsets: Array,
    outcome: Array,
) -> np.int64:
    """Look for matchings above ``lower`` in each sentence of a ragged batch.

    Shapes: ``ranges`` ``(C, 3)``: entity within the sentence, start, end; ``score`` ``(C,)``; both sorted by
    entity, start, end and ragged by ``offsets`` ``(B + 1,)``; ``entity_counts``, ``word_counts``, ``lower``,
    ``outcome`` ``(B,)``; ``pick_offsets`` ``(B + 1,)``. Picks are indices within the sentence. ``bits_cap`` is at
    most 31. Returns the number of picks.
    """
    candidates = most = 1
    for b in range(outcome.size):
        candidates = max(candidates, int(offsets[b + 1] - offsets[b]))
        most = max(most, int(entity_counts[b]), int(word_counts[b]))
    per_candidate = np.empty((6, candidates), np.int64)
    per_entity, per_position = np.empty((3, most), np.int64), np.empty((4, most + 2), np.int64)
    reals = np.empty((3, most + 2), np.float64)
    value, origin = np.empty(1024, np.float64), np.empty(1024, np.int64)
    total = np.int64(0)
    pick_offsets[0] = 0
    for b in range(outcome.size):
        own, own_score = ranges[offsets[b] : offsets[b + 1]], score[offsets[b] : offsets[b + 1]]
        words, entities = int(word_counts[b]), int(entity_counts[b])
        outcome[b] = UNIMPROVED
        pick_offsets[b + 1] = total
        kept = undominated(own, own_score, words, per_candidate, reals)
        if kept == 0:
            continue
        starts = sort_by_start(own, kept, words, per_candidate, per_position)
        width = assign_slots(own, starts, entities, bits_cap, per_candidate, per_entity, per_position)
        if width < 0 or work_cap < prepare_moves(
            own, own_score, starts, entities, per_candidate, per_entity, per_position, reals
        ):
            outcome[b] = CAPPED
            continue
        if (starts + 1) << width > value.size:
            value, origin = np.empty((starts + 1) << width, np.float64), np.empty((starts + 1) << width, np.int64)
        relax(own_score, starts, width, lower[b], per_candidate, per_position, reals, value, origin)
        if value[starts << width] > lower[b]:
            outcome[b] = IMPROVED
            total = trace(own, starts, width, per_position, origin, picks, total)
            pick_offsets[b + 1] = total
    return total
