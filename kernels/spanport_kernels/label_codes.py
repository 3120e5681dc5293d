"""Labels of IOB1, IOB2, BIOES and BILOU, as bytes, to numbered types and spans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    I64,
    IN_I32,
    IN_I64,
    IN_I64_2D,
    IN_U8,
    OUT_I32,
    OUT_I32_2D,
    OUT_I64,
    OUT_U8,
    Array,
    helper,
    kernel,
)
from spanport_kernels.parse import BAD_LABEL, Conll

DASH = 45

OUTSIDE, INVALID = -1, -2
"""Label codes of a word besides ``type << 2 | kind``: O, and a label of no known scheme."""

CONTINUES, OPENS, CLOSES = 0, 1, 2
"""Kinds of labels, as bits: I; B; E and L; S and U are ``OPENS | CLOSES``."""


@helper
def same(buffer: Array, begin: int, end: int, other: Array, other_begin: int, other_end: int) -> bool:
    """Whether two byte ranges are equal."""
    x = 0
    while begin + x < end and other_begin + x < other_end and buffer[begin + x] == other[other_begin + x]:
        x += 1
    return begin + x == end and other_begin + x == other_end


@kernel(I64, IN_U8, IN_I64_2D, IN_U8, IN_I64, I64, OUT_I32)
def _label_codes(buffer: Array, labels: Array, types: Array, type_offsets: Array, begin: int, codes: Array) -> int:
    """Code labels from ``begin`` on; stops at, and returns, the first word whose type is not in the table."""
    known = type_offsets.size - 1
    last = 0
    for w in range(begin, codes.size):
        first, end = labels[w, 0], labels[w, 1]
        if end == first or (end == first + 1 and buffer[first] == 79):  # O
            codes[w] = OUTSIDE
            continue
        kind = -1
        if end > first + 2 and buffer[first + 1] == DASH:
            prefix = buffer[first]
            if prefix == 73:  # I
                kind = CONTINUES
            elif prefix == 66:  # B
                kind = OPENS
            elif prefix == 69 or prefix == 76:  # E, L
                kind = CLOSES
            elif prefix == 83 or prefix == 85:  # S, U
                kind = OPENS | CLOSES
        if kind < 0:
            codes[w] = INVALID
            continue
        for step in range(known + 1):
            # The table is short, and a type is often the one before it again.
            type_ = last if step == 0 else step - 1
            if type_ < known and same(buffer, first + 2, end, types, type_offsets[type_], type_offsets[type_ + 1]):
                codes[w] = type_ << 2 | kind
                last = type_
                kind = -1
                break
        if kind >= 0:
            return w
    return int(codes.size)


@kernel(I64, IN_I32, IN_I64, OUT_I32_2D, OUT_I64, OUT_U8)
def _spans_of_codes(codes: Array, offsets: Array, spans: Array, span_offsets: Array, flags: Array) -> int:
    """Group coded labels as `group_codes` says; returns the number of spans."""
    total = 0
    span_offsets[0] = 0
    for b in range(offsets.size - 1):
        begin = offsets[b]
        start = kind = -1
        for w in range(begin, offsets[b + 1]):
            code = codes[w]
            if code == INVALID:
                flags[b] = BAD_LABEL
            here = code >> 2 if code >= 0 else -1
            if start >= 0 and (here != kind or code & OPENS):
                spans[total, 1] = w - begin
                total += 1
                start = -1
            if here >= 0:
                if start < 0:
                    start, kind = w - begin, here
                    spans[total, 0], spans[total, 2] = start, here
                if code & CLOSES:
                    spans[total, 1] = w - begin + 1
                    total += 1
                    start = -1
        if start >= 0:
            spans[total, 1] = offsets[b + 1] - begin
            total += 1
        if flags[b] == BAD_LABEL:
            total = span_offsets[b]
        span_offsets[b + 1] = total
    return total


class LabelTypes:
    """The entity types met so far, numbered in order of appearance; shared by the chunks of a file."""

    LIMIT = 4096
    """Most types; labels of further ones are `INVALID`, so that their records take the slow path."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.packed = np.empty(0, np.uint8)
        self.offsets = np.zeros(1, np.int64)

    def add(self, name: bytes) -> None:
        """Number a new type."""
        self.names.append(name)
        self.packed = np.frombuffer(b"".join(self.names), np.uint8)
        self.offsets = np.append(self.offsets, self.packed.size)

    def codes(self, buffer: npt.NDArray[np.uint8], parsed: Conll) -> npt.NDArray[np.int32]:
        """The code of every word's label, int32 ``(W,)``: `OUTSIDE`, `INVALID`, or ``type << 2 | kind``."""
        return self._codes(buffer, parsed.labels)

    def codes_of(self, names: Sequence[bytes]) -> npt.NDArray[np.int32]:
        """The codes of labels by name; an empty name is `INVALID`."""
        ends = np.cumsum([0, *map(len, names)])
        codes = self._codes(np.frombuffer(b"".join(names), np.uint8), np.stack([ends[:-1], ends[1:]], axis=1))
        codes[ends[:-1] == ends[1:]] = INVALID
        return codes

    def _codes(self, buffer: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        codes = np.empty(len(labels), np.int32)
        at = 0
        while (at := _label_codes(buffer, labels, self.packed, self.offsets, at, codes)) < codes.size:
            begin, end = labels[at].tolist()
            if len(self.names) < self.LIMIT:
                self.add(buffer[begin + 2 : end].tobytes())
            else:
                codes[at] = INVALID
                at += 1
        return codes


def group_codes(
    codes: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8] | None = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Entities of IOB1, IOB2, BIOES or BILOU labels, grouped as conlleval and seqeval's default mode do.

    Args:
        codes: (W,) labels of the words of B sentences: `OUTSIDE`, `INVALID`, or ``type << 2 | kind``.
        offsets: (B + 1,) where each sentence begins.
        flags: (B,) of the sentences; those with an `INVALID` label get no entity and are flagged `BAD_LABEL`.

    Returns:
        int32 ``(E, 3)`` start, end (words of the sentence), type, and their int64 ``(B + 1,)`` offsets.
    """
    spans, span_offsets = np.empty((codes.size, 3), np.int32), np.empty(offsets.size, np.int64)
    if flags is None:
        flags = np.zeros(offsets.size - 1, np.uint8)
    total = _spans_of_codes(codes, offsets, spans, span_offsets, flags)
    return spans[:total], span_offsets


def spans_of_codes(
    codes: npt.NDArray[np.int32], parsed: Conll
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """`group_codes` for the sentences of a parsed file, flagged there."""
    return group_codes(codes, parsed.offsets, parsed.flags)
