"""Batches by token budget inside one look-ahead."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Positions of the items of one batch, longest first; ``cost`` without and ``padded`` with padding."""

    positions: tuple[int, ...]
    cost: int
    padded: int


def make_batches(costs: Sequence[int], budget: int, max_items: int) -> list[Batch]:
    """Cover all items by batches of similar cost, longest first.

    A batch's padded cost (longest x count) stays within ``budget``; an item above the budget goes alone. The
    outcome depends on the arguments only: equal costs keep their order.
    """
    batches = []
    current: list[int] = []
    for position in sorted(range(len(costs)), key=lambda i: -costs[i]):
        if current and (len(current) == max_items or costs[current[0]] * (len(current) + 1) > budget):
            batches.append(_batch(current, costs))
            current = []
        current.append(position)
    if current:
        batches.append(_batch(current, costs))
    return batches


def _batch(positions: list[int], costs: Sequence[int]) -> Batch:
    return Batch(tuple(positions), sum(costs[i] for i in positions), costs[positions[0]] * len(positions))
