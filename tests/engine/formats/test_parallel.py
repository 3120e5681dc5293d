from __future__ import annotations

import io

import pytest

from spanport.errors import LengthMismatchError
from spanport.formats import Read, ReadAlignment, Rejected, parallel, read, read_alignments


def test_in_step_with_rejects_in_place() -> None:
    rows = list(
        parallel(
            ("a", read(io.BytesIO(b"x\ny\xff\nz"), "text")),
            ("b", read_alignments(io.BytesIO(b"0-0\n0-0\nbad"))),
        )
    )
    assert [tuple(map(type, row)) for row in rows] == [
        (Read, ReadAlignment), (Rejected, ReadAlignment), (Read, Rejected),
    ]  # fmt: skip


def test_lengths_that_differ_are_told_after_the_whole_rows() -> None:
    rows = parallel(
        ("a.conll", read(io.BytesIO(b"x O\ny O\n\nz O\n"), "conll")),
        ("b.txt", read(io.BytesIO(b"x\n"), "text")),
        ("c.txt", read(io.BytesIO(b"x\ny\nz\n"), "text")),
    )
    next(rows)
    with pytest.raises(LengthMismatchError) as caught:
        next(rows)
    assert str(caught.value) == (
        "files must have the same number of records: a.conll has 2, b.txt has 1, c.txt has 3; "
        "record 2 (line 4 of a.conll) has no counterpart in b.txt"
    )


def test_nothing_to_read() -> None:
    assert list(parallel(("a", iter([])), ("b", iter([])))) == []
