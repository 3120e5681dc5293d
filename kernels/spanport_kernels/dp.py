"""Exact matching by dynamic programming: weighted job-interval selection.

Every entity takes at most one candidate, candidates must not overlap, the sum of scores is to be largest (the
integer program of projection with ``<= 1``). The state is a target position and the set of *open* entities that
are used already. An entity is open only from its first candidate's end to its last candidate's start, so few
bits are needed at a time, and entities that are never open together share one.

A known solution is the lower bound: states that cannot beat it are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import I64, IN_F64, IN_I32, IN_I64, OUT_I8, OUT_I32, OUT_I64, Array, helper, kernel

IMPROVED, UNIMPROVED, CAPPED = 0, 1, 2
"""What `improve` found for a sentence: a better solution, proof that there is none, or too much work."""


class Board(NamedTuple):
    """Scratch for the widest sentence of a batch.

    Per candidate ``(C,)``: ``live`` to ``sets``. Per entity ``(K,)``: ``first_end``, ``last_start``, ``slot``,
    ``best``. Per position ``(N + 2,)``: the rest. A *row* is a position where a candidate starts.
    """

    live: npt.NDArray[np.int32]
    order: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    hops: npt.NDArray[np.int64]
    tests: npt.NDArray[np.int64]
    sets: npt.NDArray[np.int64]
    first_end: npt.NDArray[np.int32]
    last_start: npt.NDArray[np.int32]
    slot: npt.NDArray[np.int32]
    best: npt.NDArray[np.float64]
    row: npt.NDArray[np.int32]
    row_begin: npt.NDArray[np.int32]
    active: npt.NDArray[np.int64]
    stays: npt.NDArray[np.int64]
    bound: npt.NDArray[np.float64]
    inner: npt.NDArray[np.float64]


class Ranges(NamedTuple):
    """The candidates of one sentence, sorted by entity, start, end; each ``(C,)``."""

    entity: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]


class Table(NamedTuple):
    """States of the dynamic program, ``row << width | mask``: best value, candidate taken, mask before it."""

    value: npt.NDArray[np.float64]
    via: npt.NDArray[np.int32]
    origin: npt.NDArray[np.int64]


@helper
def new_board(candidates: int, entities: int, words: int) -> Board:
    """Allocate scratch for sentences of at most these sizes."""
    return Board(
        np.empty(candidates, np.int32),
        np.empty(candidates, np.int32),
        np.empty(candidates, np.int32),
        np.empty(candidates, np.int64),
        np.empty(candidates, np.int64),
        np.empty(candidates, np.int64),
        np.empty(entities, np.int32),
        np.empty(entities, np.int32),
        np.empty(entities, np.int32),
        np.empty(entities, np.float64),
        np.empty(words + 2, np.int32),
        np.empty(words + 2, np.int32),
        np.empty(words + 2, np.int64),
        np.empty(words + 2, np.int64),
        np.empty(words + 2, np.float64),
        np.empty(words + 2, np.float64),
    )


@helper
def new_table(size: int) -> Table:
    """Allocate ``size`` states."""
    return Table(np.empty(size, np.float64), np.empty(size, np.int32), np.empty(size, np.int64))


@helper
def undominated(ranges: Ranges, words: int, board: Board) -> int:
    """Keep, per entity, the candidates that score more than every candidate inside them.

    Lossless where an entity takes at most one: the inner candidate scores no less and overlaps no more. The kept
    ones' indices are left in ``board.live``; their number is returned.
    """
    entity, start, end, score = ranges
    inner = board.inner
    kept = 0
    high = entity.size
    while high > 0:
        last = high - 1
        low = last
        while low > 0 and entity[low - 1] == entity[last] and start[low - 1] == start[last]:
            low -= 1
        if high == entity.size or entity[high] != entity[last]:
            inner[: words + 1] = 0.0
        for c in range(low, high):
            # inner[e]: best score of a candidate of the entity that starts here or later and ends by e
            if score[c] > inner[end[c]]:
                board.live[kept] = c
                kept += 1
                e = end[c]
                while e <= words and inner[e] < score[c]:
                    inner[e] = score[c]
                    e += 1
        high = low
    return kept


@helper
def sort_into_rows(ranges: Ranges, kept: int, words: int, board: Board) -> int:
    """Order the kept candidates by start, in ``board.order``; returns the number of rows.

    ``board.row[p]`` becomes the first row at or after position p; ``board.row_begin`` the rows' offsets.
    """
    start, live, row, row_begin = ranges.start, board.live, board.row, board.row_begin
    row[: words + 1] = 0
    for x in range(kept):
        row[start[live[x]]] += 1
    rows = 0
    total = 0
    for p in range(words + 1):
        here = row[p]
        row[p] = rows
        if here > 0:
            row_begin[rows] = total
            total += here
            rows += 1
    for x in range(kept):
        r = row[start[live[x]]]
        board.order[row_begin[r]] = live[x]
        row_begin[r] += 1
    for r in range(rows, 0, -1):
        row_begin[r] = row_begin[r - 1]
    row_begin[0] = 0
    return rows


@helper
def find_open(ranges: Ranges, kept: int, board: Board) -> None:
    """Set each entity's first candidate end and last candidate start: it is open in between."""
    board.first_end[:] = 2147483647
    board.last_start[:] = -1
    for x in range(kept):
        c = board.order[x]
        e = ranges.entity[c]
        board.first_end[e] = min(board.first_end[e], ranges.end[c])
        board.last_start[e] = max(board.last_start[e], ranges.start[c])


@helper
def assign_slots(ranges: Ranges, rows: int, entities: int, board: Board, cap: int) -> int:
    """Give each open entity a bit (``board.slot``); returns the bits in use, or -1 where ``cap`` is too few.

    ``board.active[r]`` becomes the bits open at row r, ``board.stays[r]`` those that mean the same entity at
    row r + 1.
    """
    slot = board.slot
    slot[:entities] = -1
    width = 0
    for r in range(rows):
        position = ranges.start[board.order[board.row_begin[r]]]
        busy = np.int64(0)
        for e in range(entities):
            if slot[e] >= 0 and board.last_start[e] >= position:
                busy |= np.int64(1) << slot[e]
        if r > 0:
            board.stays[r - 1] = busy
        for e in range(entities):
            if slot[e] < 0 and board.first_end[e] <= position <= board.last_start[e]:
                free = 0
                while busy >> free & 1:
                    free += 1
                if free >= cap:
                    return -1
                slot[e] = free
                busy |= np.int64(1) << free
                width = max(width, free + 1)
        board.active[r] = busy
    board.active[rows] = 0
    board.stays[rows - 1] = 0
    return width


@helper
def prepare_moves(ranges: Ranges, rows: int, board: Board) -> int:
    """Set what taking each candidate does to the mask, and an upper bound of what each row can still add.

    Returns the number of transitions that the dynamic program would look at.
    """
    entity, start, end, score = ranges
    work = 0
    board.best[:] = 0.0
    board.bound[rows] = 0.0
    one_each = 0.0
    for r in range(rows - 1, -1, -1):
        begin, stop = board.row_begin[r], board.row_begin[r + 1]
        position = start[board.order[begin]]
        bound = board.bound[r + 1]
        for x in range(begin, stop):
            c = board.order[x]
            e = entity[c]
            target = board.row[end[c]]
            board.target[x] = target
            mask = board.stays[r]
            for between in range(r + 1, target):
                mask &= board.stays[between]
            bit = np.int64(1) << max(board.slot[e], 0)
            opened = board.slot[e] >= 0
            board.tests[x] = bit if opened and board.first_end[e] <= position else 0
            later = target < rows and board.last_start[e] >= start[board.order[board.row_begin[target]]]
            board.sets[x] = bit if opened and later else 0
            board.hops[x] = mask
            if score[c] > board.best[e]:
                one_each += score[c] - board.best[e]
                board.best[e] = score[c]
            bound = max(bound, score[c] + board.bound[target])
        board.bound[r] = min(bound, one_each)
        states = 1
        open_bits = board.active[r]
        while open_bits:
            open_bits &= open_bits - 1
            states *= 2
        work += states * (1 + stop - begin)
    return work


@helper
def push(table: Table, state: int, value: float, via: int, origin: int) -> None:
    """Reach ``state`` with ``value`` if that beats what is known of it."""
    if value > table.value[state]:
        table.value[state] = value
        table.via[state] = via
        table.origin[state] = origin


@helper
def relax(ranges: Ranges, rows: int, width: int, lower: float, board: Board, table: Table) -> None:
    """Run the dynamic program over all states that may still end above ``lower``."""
    table.value[: (rows + 1) << width] = -1.0
    table.value[0] = 0.0
    for r in range(rows):
        active = board.active[r]
        mask = active
        while True:
            value = table.value[(r << width) | mask]
            if value >= 0.0 and value + board.bound[r] > lower:
                push(table, ((r + 1) << width) | (mask & board.stays[r]), value, -1, mask)
                for x in range(board.row_begin[r], board.row_begin[r + 1]):
                    if mask & board.tests[x] == 0:
                        c = board.order[x]
                        state = (board.target[x] << width) | (mask & board.hops[x]) | board.sets[x]
                        push(table, state, value + ranges.score[c], c, mask)
            if mask == 0:
                break
            mask = (mask - 1) & active


@helper
def trace(ranges: Ranges, rows: int, width: int, board: Board, table: Table, picks: Array) -> int:
    """Write the best solution's candidates to ``picks``, last first; returns their number."""
    found = 0
    r = rows
    mask = np.int64(0)
    while r > 0:
        state = (r << width) | mask
        c = table.via[state]
        mask = table.origin[state]
        if c < 0:
            r -= 1
        else:
            r = board.row[ranges.start[c]]
            picks[found] = c
            found += 1
    return found


@kernel(
    I64, IN_I64, IN_I32, IN_I32, IN_I32, IN_F64, IN_I64, IN_I32, IN_I32, IN_F64, I64, I64, OUT_I32, OUT_I64, OUT_I8
)
def improve(
    sentences: Array,
    entity: Array,
    start: Array,
    end: Array,
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
) -> int:
    """Look for matchings above ``lower`` in the listed sentences of a ragged batch.

    Shapes: ``sentences`` ``(H,)``; ``entity`` (within the sentence), ``start``, ``end``, ``score`` ``(C,)`` sorted
    by entity, start, end, ragged by ``offsets`` ``(B + 1,)``; ``entity_counts`` and ``word_counts`` ``(B,)``;
    ``lower``, ``outcome`` ``(H,)``; ``pick_offsets`` ``(H + 1,)``. The picks are indices within the sentence.
    Returns their total number.
    """
    most_candidates = most_entities = most_words = 1
    for b in sentences:
        most_candidates = max(most_candidates, int(offsets[b + 1] - offsets[b]))
        most_entities = max(most_entities, int(entity_counts[b]))
        most_words = max(most_words, int(word_counts[b]))
    board = new_board(most_candidates, most_entities, most_words)
    table = new_table(1024)
    total = 0
    pick_offsets[0] = 0
    for h in range(sentences.size):
        b = sentences[h]
        here = slice(offsets[b], offsets[b + 1])
        ranges = Ranges(entity[here], start[here], end[here], score[here])
        kept = undominated(ranges, word_counts[b], board)
        rows = sort_into_rows(ranges, kept, word_counts[b], board)
        find_open(ranges, kept, board)
        width = assign_slots(ranges, rows, entity_counts[b], board, bits_cap) if rows else 0
        outcome[h] = CAPPED
        if width >= 0 and prepare_moves(ranges, rows, board) <= work_cap:
            states = (rows + 1) << width
            if states > table.value.size:
                table = new_table(2 * states)
            relax(ranges, rows, width, lower[h], board, table)
            outcome[h] = UNIMPROVED
            if table.value[rows << width] > lower[h]:
                outcome[h] = IMPROVED
                total += trace(ranges, rows, width, board, table, picks[total:])
        pick_offsets[h + 1] = total
    return total
