"""Exact matching by dynamic programming: weighted job-interval selection.

Every entity takes at most one candidate, candidates must not overlap, the sum of scores is to be largest (the
integer program of projection with ``<= 1``). The state is a target position and the set of *open* entities that
are used already. An entity is open only from its first candidate's end to its last candidate's start, so few
bits are needed at a time, and entities that are never open together share one.

A known solution is the lower bound: states that cannot beat it are dropped.

Scratch arrays are few and two-dimensional, their rows named below: every array that a helper takes costs
compilation time. A *start* is a distinct position where candidates begin, numbered from the left.
"""

from __future__ import annotations

import numpy as np

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

ENTITY, START, END = 0, 1, 2
"""Columns of the candidates."""

LIVE, ORDER, TARGET, STAYING, TEST, SET = 0, 1, 2, 3, 4, 5
"""Rows per candidate: those kept; those sorted by start; and of the sorted ones, the first start at or after the end,
the bits that survive until there, the bit that must not be set, and the bit that is set."""

FIRST_END, LAST_START, SLOT = 0, 1, 2
"""Rows per entity: where it opens and closes, and its bit."""

NEXT, BEGIN, OPEN, STAYS = 0, 1, 2, 3
"""Rows per position p: the first start at or after p. Per start: offset into `ORDER`, the bits open there, and those
that mean the same entity at the next start."""

INNER, BOUND, BEST = 0, 1, 2
"""Rows of reals, per position: best score within. Per start: most that can be added. Per entity: best score."""


@helper
def undominated(ranges: Array, score: Array, words: int, per_candidate: Array, reals: Array) -> int:
    """Keep, per entity, the candidates that score more than every candidate inside them; returns their number.

    Lossless where an entity takes at most one: the inner candidate scores no less and overlaps no more.
    """
    kept = 0
    high = score.size
    while high > 0:
        last = high - 1
        low = last
        while (
            low > 0
            and ranges[low - 1, ENTITY] == ranges[last, ENTITY]
            and ranges[low - 1, START] == ranges[last, START]
        ):
            low -= 1
        if high == score.size or ranges[high, ENTITY] != ranges[last, ENTITY]:
            for p in range(words + 1):
                reals[INNER, p] = 0.0
        for c in range(low, high):
            # INNER of p: best score of a candidate of the entity that starts here or later and ends by p
            p = ranges[c, END]
            if score[c] > reals[INNER, p]:
                per_candidate[LIVE, kept] = c
                kept += 1
                while p <= words and reals[INNER, p] < score[c]:
                    reals[INNER, p] = score[c]
                    p += 1
        high = low
    return kept


@helper
def sort_by_start(ranges: Array, kept: int, words: int, per_candidate: Array, per_position: Array) -> int:
    """Sort the kept candidates by start and number the starts; returns how many there are."""
    for p in range(words + 1):
        per_position[NEXT, p] = 0
    for x in range(kept):
        per_position[NEXT, ranges[per_candidate[LIVE, x], START]] += 1
    starts = total = 0
    for p in range(words + 1):
        here = per_position[NEXT, p]
        per_position[NEXT, p] = starts
        if here > 0:
            per_position[BEGIN, starts] = total
            total += here
            starts += 1
    for x in range(kept):
        c = per_candidate[LIVE, x]
        r = per_position[NEXT, ranges[c, START]]
        per_candidate[ORDER, per_position[BEGIN, r]] = c
        per_position[BEGIN, r] += 1
    for r in range(starts, 0, -1):
        per_position[BEGIN, r] = per_position[BEGIN, r - 1]
    per_position[BEGIN, 0] = 0
    return starts


@helper
def assign_slots(
    ranges: Array, starts: int, entities: int, cap: int, per_candidate: Array, per_entity: Array, per_position: Array
) -> int:
    """Find when entities are open and give them bits; returns the bits in use, or -1 where ``cap`` is too few."""
    for e in range(entities):
        per_entity[FIRST_END, e] = 2147483647
        per_entity[LAST_START, e] = per_entity[SLOT, e] = -1
    for x in range(per_position[BEGIN, starts]):
        c = per_candidate[ORDER, x]
        e = ranges[c, ENTITY]
        per_entity[FIRST_END, e] = min(per_entity[FIRST_END, e], ranges[c, END])
        per_entity[LAST_START, e] = max(per_entity[LAST_START, e], ranges[c, START])
    width = 0
    for r in range(starts):
        position = ranges[per_candidate[ORDER, per_position[BEGIN, r]], START]
        busy = 0
        for e in range(entities):
            if per_entity[SLOT, e] >= 0 and per_entity[LAST_START, e] >= position:
                busy |= 1 << per_entity[SLOT, e]
        if r > 0:
            per_position[STAYS, r - 1] = busy
        for e in range(entities):
            if per_entity[SLOT, e] < 0 and per_entity[FIRST_END, e] <= position <= per_entity[LAST_START, e]:
                free = 0
                while busy >> free & 1:
                    free += 1
                if free >= cap:
                    return -1
                per_entity[SLOT, e] = free
                busy |= 1 << free
                width = max(width, free + 1)
        per_position[OPEN, r] = busy
    per_position[OPEN, starts] = per_position[STAYS, starts - 1] = 0
    return width


@helper
def prepare_moves(
    ranges: Array,
    score: Array,
    starts: int,
    entities: int,
    per_candidate: Array,
    per_entity: Array,
    per_position: Array,
    reals: Array,
) -> int:
    """Set what taking each candidate does to the mask, and an upper bound of what each start can still add.

    Returns the number of transitions that the dynamic program would look at.
    """
    for e in range(entities):
        reals[BEST, e] = 0.0
    reals[BOUND, starts] = one_each = 0.0
    work = 0
    for r in range(starts - 1, -1, -1):
        begin, stop = per_position[BEGIN, r], per_position[BEGIN, r + 1]
        bound = reals[BOUND, r + 1]
        for x in range(begin, stop):
            c = per_candidate[ORDER, x]
            e = ranges[c, ENTITY]
            target = per_position[NEXT, ranges[c, END]]
            staying = per_position[STAYS, r]
            for between in range(r + 1, target):
                staying &= per_position[STAYS, between]
            bit = 1 << per_entity[SLOT, e] if per_entity[SLOT, e] >= 0 else 0
            later = (
                ranges[per_candidate[ORDER, per_position[BEGIN, target]], START] if target < starts else 2147483647
            )
            per_candidate[TARGET, x] = target
            per_candidate[STAYING, x] = staying
            per_candidate[TEST, x] = bit if per_entity[FIRST_END, e] <= ranges[c, START] else 0
            per_candidate[SET, x] = bit if per_entity[LAST_START, e] >= later else 0
            if score[c] > reals[BEST, e]:
                one_each += score[c] - reals[BEST, e]
                reals[BEST, e] = score[c]
            bound = max(bound, score[c] + reals[BOUND, target])
        reals[BOUND, r] = min(bound, one_each)
        states = 1
        mask = per_position[OPEN, r]
        while mask:
            mask &= mask - 1
            states *= 2
        work += states * (1 + stop - begin)
    return work


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
