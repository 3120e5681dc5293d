"""Helpers of `dp`: candidates pruned and sorted, bits given to entities, what taking a candidate does to the state.

The rows and columns of the scratch arrays are named here.
"""

from __future__ import annotations

from spanport_kernels.jit import Array, helper

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
