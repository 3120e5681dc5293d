"""Batches by token budget."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spanport.stream.batching import make_batches

costs_strategy = st.lists(st.integers(1, 60), max_size=80)


@given(costs_strategy, st.integers(1, 200), st.integers(1, 20))
def test_every_item_once_within_the_budget(costs: list[int], budget: int, max_items: int) -> None:
    batches = make_batches(costs, budget, max_items)
    assert sorted(i for batch in batches for i in batch.positions) == list(range(len(costs)))
    for batch in batches:
        lengths = [costs[i] for i in batch.positions]
        assert lengths == sorted(lengths, reverse=True)
        assert batch.cost == sum(lengths)
        assert batch.padded == lengths[0] * len(lengths)
        assert len(lengths) <= max_items
        assert batch.padded <= budget or len(lengths) == 1


@given(costs_strategy, st.integers(1, 200))
def test_no_batch_could_have_taken_the_next_item(costs: list[int], budget: int) -> None:
    batches = make_batches(costs, budget, 1000)
    for batch, _ in pairwise(batches):
        assert costs[batch.positions[0]] * (len(batch.positions) + 1) > budget


def test_equal_costs_keep_their_order() -> None:
    assert [b.positions for b in make_batches([3, 5, 3, 3], 9, 8)] == [(1,), (0, 2, 3)]


def test_no_items_no_batches() -> None:
    assert make_batches([], 10, 10) == []
