"""Bounds of the NMT score's halves against values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spanport.matching import nmt

ITSELF = np.log([0.5, 0.5])
WORDS = nmt.word_bounds({0: np.log([0.5, 0.125]), 1: np.log([0.25, 0.25]), 2: np.log([0.125, 0.5])}, ITSELF, 3)


def bounds(
    start: list[int], end: list[int], words: int, pairs: dict[int, np.ndarray] | None = None
) -> tuple[list[float], list[float], list[bool]]:
    columns = nmt.forward_bounds(WORDS, pairs or {}, ITSELF, np.array(start), np.array(end), words)
    return tuple(column.tolist() for column in columns)


def test_a_phrase_of_fewer_words_than_the_entity_is_bounded_as_one_of_as_many() -> None:
    assert bounds([0], [2], 2) == bounds([0], [2], 5)
    assert bounds([0], [2], 1)[0] != bounds([0], [2], 2)[0]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("FORWARD_SLACK", 1.96),
        ("PAIR_SLACK", 4.64),
        ("BACKWARD_SLACK", 2.41),
        ("SPLIT_SLACK", 2.1),
        ("SELF_SLACK", 2.3),
        ("JOINT_SLACK", 1.86),
        ("SPLIT_JOINT_SLACK", 2.44),
        ("MOST_BACKWARD", 1.28),
    ],
)
def test_slacks_are_a_little_more_than_the_largest_violation_seen(name: str, seen: float) -> None:
    """Less would lose spans, much more would score everything."""
    assert seen < getattr(nmt, name) < 1.6 * seen


def test_of_a_single_word_the_forward_score_is_known() -> None:
    estimate, bound, known = bounds([0, 1], [1, 2], 1)
    expected = [2 ** (np.log([0.5, 0.125]).mean() - np.log(0.5)), 2 ** (np.log(0.25) - np.log(0.5))]
    assert estimate == bound == pytest.approx(expected)
    assert known == [True, True]


def test_each_token_counts_from_its_likeliest_word_and_longer_phrases_lose() -> None:
    estimate, bound, known = bounds([0, 1, 0], [2, 3, 3], 1)
    two = nmt.LONGER * 2 ** (np.log([0.5, 0.25]).mean() - np.log(0.5))
    other = nmt.LONGER * 2 ** (np.log([0.25, 0.5]).mean() - np.log(0.5))
    assert estimate == pytest.approx([two, other, nmt.LONGER**2])
    assert bound == pytest.approx(nmt.FORWARD_SLACK * np.array(estimate))
    assert known == [False] * 3


def test_pairs_count_for_themselves_and_for_what_contains_them() -> None:
    estimate, bound, known = bounds([0, 0, 1], [2, 3, 3], 2, {0: np.log([0.8, 0.4])})
    assert estimate[0] == bound[0] == pytest.approx(2 ** (np.log([0.8, 0.4]).mean() - np.log(0.5)))
    assert estimate[1] == pytest.approx(nmt.LONGER)  # .8 and .5: as likely as from itself, at most
    assert bound[2] == pytest.approx(nmt.PAIR_SLACK * estimate[2])
    assert known == [True, False, False]


def test_pairs_of_words_that_say_nothing_are_not_forced() -> None:
    silent = nmt.word_bounds({0: np.full(2, -9.0), 1: np.full(2, -9.0), 2: ITSELF}, ITSELF, 3)
    assert nmt.worthwhile_pairs(silent, ITSELF).tolist() == [1]


def test_totals_add_the_last_word_of_each_further_window() -> None:
    given = [np.array([0.0, -1.0, -3.0, -3.5]), np.array([0.0, -4.0, -4.5, -6.5, -7.0])]
    itself = [np.array([0.0, -2.0, -3.0, -3.25]), np.array([0.0, -1.0, -1.5, -1.75, -2.0])]
    on_a, on_itself, count = nmt.totals(given, itself, [[1, 2], [1, 3]])
    assert (on_a.tolist(), on_itself.tolist(), count.tolist()) == ([-1, -3, -5.5], [-2, -3, -3.75], [1, 2, 4])


def test_words_that_do_not_lead_their_window_leave_no_bound() -> None:
    given, itself = np.array([0.0, -1.0, -3.0]), np.array([0.0, -2.0, -3.0])
    on_a, on_itself, _ = nmt.totals([given] * 3, [itself] * 3, [[-1, 1], [1, 2], [-1, 2]])
    assert (on_a - on_itself).tolist() == [np.inf, 1.0, 0.0, np.inf]
    assert on_itself.tolist() == [-np.inf, -2.0, -3.0, -np.inf]
