"""Length-sorted batches within a token budget, and ragged rows back in their original order."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64Array: TypeAlias = NDArray[np.int64]

_STEP = 4


def padded_length(length: int) -> int:
    """Tokens that an encoder reads for a sentence of ``length`` tokens: the next multiple of 4.

    It depends on the sentence alone, and so then does all that is computed for it: lengths of arrays decide the order
    in which numbers are added. Every length on its own would make many small batches.
    """
    return -(-length // _STEP) * _STEP


def token_batches(lengths: Sequence[int], budget: int, most: int | None = None) -> list[Int64Array]:
    """Group items of similar length so that rows x longest stays within ``budget``.

    Args:
        lengths: Tokens of each item.
        budget: Most padded tokens in a batch; an item above it gets a batch of its own.
        most: Most items in a batch; None for any number.

    Returns:
        Indices of the items of each batch, int64, longest first (so that memory peaks at the start).
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches, start = [], 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        room = max(budget // longest, 1)
        stop = start + (room if most is None else min(room, most))
        batches.append(order[start:stop])
        start = stop
    return batches


def even_batches(lengths: Sequence[int], budget: int, most: int | None = None) -> list[Int64Array]:
    """Group items of similar length for a model that decodes: each of its steps takes few rows hardly less than many.

    Args:
        lengths: Tokens of each item.
        budget: Tokens of a batch, padding left out: two thirds to three halves of it, so that no small one is left
            over. With padding it is at most twice the budget, unless one item is.
        most: Most items in a batch; None for any number.

    Returns:
        As `token_batches`.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    sizes = np.maximum(np.asarray(lengths, dtype=np.int64), 1)
    ends = np.cumsum(sizes[order])
    batches, start = [], 0
    while start < len(order):
        before = int(ends[start - 1]) if start else 0
        left = int(ends[-1]) - before
        share = before + left / max(1, round(left / budget))
        room = max(2 * budget // int(sizes[order[start]]), 1)
        fair = max(int(np.searchsorted(ends, share, side="right")) - start, 1)
        stop = start + min(fair, room, most or len(order))
        batches.append(order[start:stop])
        start = stop
    return batches


def equal_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group items of equal length so that rows x length stays within ``budget``, those of a length evenly.

    Args:
        lengths: Tokens of each item.
        budget: Most tokens in a batch, unless one item has more.

    Returns:
        Indices of the items of each batch, longest first.
    """
    of_length: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        of_length.setdefault(length, []).append(i)
    batches = []
    for length, items in sorted(of_length.items(), reverse=True):
        count = -(-len(items) // max(budget // max(length, 1), 1))
        bounds = [len(items) * k // count for k in range(count + 1)]
        batches += [items[first:last] for first, last in pairwise(bounds)]
    return batches


def ragged_index(offsets: Int64Array, order: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Row numbers that put ragged items into a new order.

    Args:
        offsets: int64 (n+1,). Where the rows of each item start.
        order: int64 (n,). New order of the items.

    Returns:
        int64 row numbers into the flat values, and int64 (n+1,) offsets of the reordered items.
    """
    lengths = np.diff(offsets)[order]
    new_offsets = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum(lengths, out=new_offsets[1:])
    rows = np.arange(new_offsets[-1]) + np.repeat(offsets[:-1][order] - new_offsets[:-1], lengths)
    return rows, new_offsets
