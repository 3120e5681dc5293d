from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.errors import AlignmentError, EncodingError
from spanport.formats import ReadAlignment, Rejected, encode_pharaoh, read_alignments
from spanport.types import Alignment


def results(data: bytes) -> list[ReadAlignment | Rejected]:
    return list(read_alignments(io.BytesIO(data)))  # type: ignore[arg-type]


def test_links_are_sorted_and_unique() -> None:
    (found,) = results(b"2-1 0-0 10-3\t0-0\r\n")
    links = Alignment(((0, 0), (2, 1), (10, 3)))
    assert found == ReadAlignment(1, links, links)


def test_possible_links() -> None:
    (found,) = results(b"0-0 1p2 3p3 3-3")
    assert isinstance(found, ReadAlignment)
    assert found.alignment.links == ((0, 0), (3, 3))
    assert found.possible.links == ((0, 0), (1, 2), (3, 3))


def test_an_empty_line_is_a_pair_without_links() -> None:
    assert [len(item.alignment) for item in results(b"0-0\n\n0-0\n") if isinstance(item, ReadAlignment)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"0-0 -1-2", "negative"),
        (b"0--1", "negative"),
        (b"1-2-3", "malformed"),
        (b"a-b", "malformed"),
        (b"1", "malformed"),
        (b"1-", "malformed"),
        (b"99999999999-1", "malformed"),
        ("١-٢".encode(), "malformed"),
    ],
)
def test_bad_links_reject_their_line(line: bytes, reason: str) -> None:
    first, bad, last = results(b"0-0\n" + line + b"\n1-1")
    assert isinstance(first, ReadAlignment)
    assert isinstance(bad, Rejected)
    assert isinstance(bad.error, AlignmentError)
    assert reason in str(bad.error)
    assert (bad.line, bad.error.line, bad.record) == (2, 2, line.decode())
    assert isinstance(last, ReadAlignment)


def test_bad_bytes() -> None:
    (bad,) = results(b"0-0 \xff")
    assert isinstance(bad, Rejected)
    assert isinstance(bad.error, EncodingError)


@given(st.sets(st.tuples(st.integers(0, 200), st.integers(0, 200))))
def test_round_trip(links: set[tuple[int, int]]) -> None:
    alignment = Alignment(tuple(sorted(links)))
    (found,) = results(encode_pharaoh(alignment))
    assert isinstance(found, ReadAlignment)
    assert found.alignment == alignment
