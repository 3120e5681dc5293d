"""Bytes of Pharaoh files to ragged arrays, as `parse` does for CoNLL."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    I64,
    IN_I32_2D,
    IN_I64,
    IN_U8,
    OUT_I32_2D,
    OUT_I64,
    OUT_I64_2D,
    OUT_U8,
    VOID,
    Array,
    kernel,
)
from spanport_kernels.parse import BAD_LINK, BAD_RANGE, DASH, NEWLINE, NINE, OK, RETURN, SPACE, TAB, ZERO, ended


class Pharaoh(NamedTuple):
    """Parsed Pharaoh lines: ``links`` int32 ``(A, 2)``, ``offsets``, ``records`` and ``flags`` as in `Conll`."""

    links: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    records: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]


@kernel(I64, IN_U8, I64, OUT_I32_2D, OUT_I64, OUT_I64_2D, OUT_U8)
def _parse_pharaoh(buffer: Array, size: int, links: Array, offsets: Array, records: Array, flags: Array) -> int:
    """Fill the arrays of `Pharaoh`; returns the number of lines. ``size`` as in `_parse_conll`."""
    count = total = begin = at = number = left = 0
    right = bad = False
    offsets[0] = 0
    for x in range(buffer.size):
        byte = buffer[x]
        if ZERO <= byte <= NINE:
            number = 10 * number + int(byte) - ZERO
            continue
        digits, at = x - at, x + 1
        bad |= digits > 9
        if byte == DASH:
            bad |= right or digits == 0
            left, right = number, True
        elif byte in (NEWLINE, SPACE, TAB) or (byte == RETURN and at < size and buffer[at] == NEWLINE):
            bad |= right != (digits > 0)
            if right and not bad:
                links[total, 0], links[total, 1] = left, number
                total += 1
            right = False
        else:
            bad = True
        number = 0
        if byte == NEWLINE:
            total = offsets[count] if bad else total
            records[count, 0], records[count, 1] = begin, min(at, size)
            flags[count] = BAD_LINK if bad else OK
            count += 1
            offsets[count] = total
            begin, bad = at, False
    return count


@kernel(VOID, IN_I32_2D, IN_I64, IN_I64, IN_I64, OUT_U8)
def _flag_ranges(links: Array, offsets: Array, source_lengths: Array, target_lengths: Array, flags: Array) -> None:
    """Flag as `flag_ranges` says."""
    for b in range(flags.size):
        for k in range(offsets[b], offsets[b + 1]):
            if links[k, 0] >= source_lengths[b] or links[k, 1] >= target_lengths[b]:
                flags[b] = BAD_RANGE


def parse_pharaoh(buffer: npt.NDArray[np.uint8], *, final: bool = True) -> Pharaoh:
    """Read lines of ``i-j`` links; other forms, such as ``ipj``, are flagged. ``final`` as in `parse_conll`."""
    whole = ended(buffer, final)
    most = int(np.count_nonzero(whole == NEWLINE))
    links = np.empty((whole.size // 4 + 1, 2), np.int32)
    offsets, records, flags = np.empty(most + 1, np.int64), np.empty((most, 2), np.int64), np.empty(most, np.uint8)
    count = _parse_pharaoh(whole, buffer.size, links, offsets, records, flags)
    return Pharaoh(links[: offsets[count]], offsets[: count + 1], records[:count], flags[:count])


def flag_ranges(
    parsed: Pharaoh, source_lengths: npt.NDArray[np.int64], target_lengths: npt.NDArray[np.int64]
) -> None:
    """Flag `BAD_RANGE` where a link names a word that the source or the target does not have."""
    _flag_ranges(parsed.links, parsed.offsets, source_lengths, target_lengths, parsed.flags)
