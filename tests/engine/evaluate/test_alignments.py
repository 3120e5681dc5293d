from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.errors import LengthMismatchError
from spanport.evaluate import count_links
from spanport.types import Alignment

links = st.sets(st.sampled_from([(i, j) for i in range(3) for j in range(3)]), max_size=5)


def test_hand_worked() -> None:
    sure, possible = Alignment(((0, 0), (1, 1))), Alignment(((1, 2),))
    scores = count_links([(sure, possible)], [Alignment(((0, 0), (1, 2), (2, 2)))]).scores()
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx(1 / 2)
    assert scores.f1 == pytest.approx(4 / 7)
    assert scores.aer == pytest.approx(1 - 3 / 5)
    assert (scores.predicted, scores.sure) == (3, 2)


def test_nothing_to_find() -> None:
    assert count_links([], []).scores().aer == 0.0
    empty = count_links([(Alignment(), Alignment())], [Alignment()]).scores()
    assert (empty.precision, empty.recall, empty.f1, empty.aer) == (0.0, 0.0, 0.0, 0.0)


@given(st.lists(st.tuples(links, links, links), min_size=1, max_size=4))
def test_definitions(rows: list[tuple[set[tuple[int, int]], ...]]) -> None:
    made = [tuple(Alignment(tuple(sorted(side))) for side in row) for row in rows]
    scores = count_links([(s, p) for s, p, _ in made], [a for _, _, a in made]).scores()
    a = {(n, *link) for n, row in enumerate(rows) for link in row[2]}
    s = {(n, *link) for n, row in enumerate(rows) for link in row[0]}
    p = s | {(n, *link) for n, row in enumerate(rows) for link in row[1]}
    if a and s:
        assert scores.precision == pytest.approx(len(a & p) / len(a))
        assert scores.recall == pytest.approx(len(a & s) / len(s))
        assert scores.aer == pytest.approx(1 - (len(a & s) + len(a & p)) / (len(a) + len(s)))


def test_lengths_that_differ() -> None:
    one = Alignment(((0, 0),))
    with pytest.raises(LengthMismatchError, match="gold alignments end after 1 pairs"):
        count_links([(one, one)], [one, one])
    with pytest.raises(LengthMismatchError, match="predicted alignments end after 1 pairs"):
        count_links([(one, one), (one, one)], [one])
