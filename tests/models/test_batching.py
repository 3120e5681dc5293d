from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from spanport_models.batching import equal_batches, even_batches, ragged_index, token_batches


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 100))
def test_batches_hold_every_item_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = token_batches(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget


@given(st.lists(st.integers(0, 60), max_size=60), st.integers(1, 200), st.integers(1, 40))
@example([0, 1], 10, 2)
def test_even_batches_hold_every_item_once(lengths: list[int], budget: int, most: int) -> None:
    batches = even_batches(lengths, budget, most)
    assert [lengths[i] for batch in batches for i in batch] == sorted(lengths, reverse=True)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= 2 * budget


def test_no_small_batch_is_left_over() -> None:
    """Of 36 and of 84 items of one length with room for 32: one batch, and three alike."""
    assert [len(batch) for batch in even_batches([10] * 36, 320)] == [36]
    assert [len(batch) for batch in even_batches([10] * 84, 320)] == [28, 28, 28]
    assert [len(batch) for batch in token_batches([10] * 36, 320)] == [32, 4]


def test_batches_put_similar_lengths_together() -> None:
    assert [list(batch) for batch in token_batches([1, 9, 2, 8], 18)] == [[1, 3], [2, 0]]


@given(st.lists(st.integers(0, 5), max_size=12), st.randoms(use_true_random=False))
def test_ragged_index_moves_whole_items(lengths: list[int], random: object) -> None:
    order = list(range(len(lengths)))
    random.shuffle(order)  # type: ignore[attr-defined]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    items = [list(range(offsets[i], offsets[i + 1])) for i in range(len(lengths))]
    rows, new_offsets = ragged_index(offsets, np.array(order, dtype=np.int64))
    assert [list(rows[new_offsets[k] : new_offsets[k + 1]]) for k in range(len(order))] == [items[i] for i in order]


costs_strategy = st.lists(st.integers(1, 60), max_size=80)


@given(costs_strategy, st.integers(1, 200), st.integers(1, 20))
def test_every_item_once_within_the_budget(costs: list[int], budget: int, max_items: int) -> None:
    batches = token_batches(costs, budget, max_items)
    assert sorted(i for batch in batches for i in batch) == list(range(len(costs)))
    for batch in batches:
        lengths = [costs[i] for i in batch]
        assert lengths == sorted(lengths, reverse=True)
        assert len(lengths) <= max_items
        assert lengths[0] * len(lengths) <= budget or len(lengths) == 1


@given(costs_strategy, st.integers(1, 200))
def test_no_batch_could_have_taken_the_next_item(costs: list[int], budget: int) -> None:
    batches = token_batches(costs, budget)
    for batch, _ in pairwise(batches):
        assert costs[batch[0]] * (len(batch) + 1) > budget


def test_equal_costs_keep_their_order() -> None:
    assert [batch.tolist() for batch in token_batches([3, 5, 3, 3], 9, 8)] == [[1], [0, 2, 3]]


def test_no_items_no_batches() -> None:
    assert token_batches([], 10, 10) == []


@given(st.lists(st.integers(0, 30)), st.integers(1, 100))
def test_equal_batches_hold_each_item_once_and_one_length(lengths: list[int], budget: int) -> None:
    batches = equal_batches(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    shapes = [(len(batch), *{lengths[i] for i in batch}) for batch in batches]
    assert all(len(shape) == 2 and (shape[0] == 1 or shape[0] * shape[1] <= budget) for shape in shapes)
    assert [length for _, length in shapes] == sorted((length for _, length in shapes), reverse=True)


def test_equal_batches_share_what_one_cannot_hold() -> None:
    assert equal_batches([5, 3, 3, 3, 3], 9) == [[0], [1, 2], [3, 4]]
