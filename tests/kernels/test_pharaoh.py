"""The parser of alignments against its slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import parsing as naive
from spanport_kernels import parse, pharaoh

LINK_PIECES = [*b"0-0 12-345678901 123456789-3 1- -1 1p2 3 -".split(b" "), b" ", b" ", b"\t", b"\n", b"\r\n"]
pharaoh_bytes = st.lists(st.sampled_from(LINK_PIECES), max_size=25).map(b"".join)


def as_buffer(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


@settings(max_examples=200, deadline=None)
@given(pharaoh_bytes)
def test_pharaoh(data: bytes) -> None:
    found = pharaoh.parse_pharaoh(as_buffer(data))
    lines = naive.lines_of(data)
    assert len(found.flags) == len(lines)
    for b, line in enumerate(lines):
        expected = naive.pharaoh_line(line)
        assert (found.flags[b] == parse.OK) == (expected is not None)
        links = found.links[found.offsets[b] : found.offsets[b + 1]].tolist()
        assert [tuple(link) for link in links] == (expected or [])


def test_pharaoh_in_chunks_leaves_an_unfinished_line() -> None:
    found = pharaoh.parse_pharaoh(as_buffer(b"0-0 1-1\n\n2-"), final=False)
    assert (found.offsets.tolist(), found.records.tolist()) == ([0, 2, 2], [[0, 8], [8, 9]])


def test_links_past_a_sentence_are_flagged() -> None:
    found = pharaoh.parse_pharaoh(as_buffer(b"0-0 1-2\n0-3\n2-0\n\n"))
    pharaoh.flag_ranges(found, np.array([2, 2, 2, 0]), np.array([3, 3, 3, 0]))
    assert found.flags.tolist() == [parse.OK, parse.BAD_RANGE, parse.BAD_RANGE, parse.OK]
