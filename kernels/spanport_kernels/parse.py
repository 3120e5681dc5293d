"""Bytes of CoNLL and Pharaoh files to ragged arrays.

The parsers take the forms that nearly every record has, and flag the others: a flagged record is no error yet, it is
left to a slower reader, which reads it or says what is wrong. Records keep their byte ranges for that. A chunk may
end anywhere: an unfinished record is not consumed, so that the caller puts it in front of the next chunk.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    I64,
    IN_U8,
    OUT_I32_2D,
    OUT_I64,
    OUT_I64_2D,
    OUT_U8,
    Array,
    helper,
    kernel,
)

OK, NOT_UTF8, NO_LABEL, EMPTY_WORD, BAD_LABEL, BAD_LINK, BAD_RANGE = range(7)
"""Flags: fine; invalid UTF-8 or a NUL; a word without a label; an empty first column; a label of no known scheme or
of a type past the table; a link that is not ``i-j``; a link past the sentence."""

NEWLINE, RETURN, TAB, SPACE, DASH, ZERO, NINE = 10, 13, 9, 32, 45, 48, 57


class Conll(NamedTuple):
    """Parsed CoNLL sentences. Byte offsets refer to the buffer.

    ``words`` and ``labels`` int64 ``(W, 2)``: start and end of each word and of its last column, an empty range in a
    file of one column; ``offsets`` int64 ``(B + 1,)`` into them. ``records`` int64 ``(B, 2)``: bytes of each record,
    the blank line that ends it included. ``lines`` int64 ``(B + 1,)``: lines before each record. ``flags`` uint8
    ``(B,)``.
    """

    words: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    records: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]


class Pharaoh(NamedTuple):
    """Parsed Pharaoh lines: ``links`` int32 ``(A, 2)``, ``offsets``, ``records`` and ``flags`` as in `Conll`."""

    links: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    records: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]


@helper
def is_text(buffer: Array, begin: int, end: int) -> bool:
    """Whether the bytes are UTF-8 (no overlong forms, no surrogates) without NUL and line ends."""
    x = begin
    while x < end:
        lead = buffer[x]
        if lead == 0 or lead == RETURN:
            return False
        x += 1
        if lead < 0x80:
            continue
        if lead < 0xC2 or lead > 0xF4:
            return False
        more = 1 + (lead >= 0xE0) + (lead >= 0xF0)
        if x + more > end:
            return False
        second = buffer[x]
        if (
            (lead == 0xE0 and second < 0xA0)
            or (lead == 0xED and second > 0x9F)
            or (lead == 0xF0 and second < 0x90)
            or (lead == 0xF4 and second > 0x8F)
        ):
            return False
        for y in range(x, x + more):
            if buffer[y] & 0xC0 != 0x80:
                return False
        x += more
    return True


@helper
def line_end(buffer: Array, begin: int) -> tuple[int, int, bool]:
    """The end of a line's text, the start of the next line, and whether its bytes need a closer look."""
    x = begin
    odd = False
    while x < buffer.size and buffer[x] != NEWLINE:
        odd |= (buffer[x] >= 0x80) | (buffer[x] == 0) | (buffer[x] == RETURN)
        x += 1
    end = x
    if x < buffer.size and end > begin and buffer[end - 1] == RETURN:
        end -= 1
    return end, min(x + 1, buffer.size), odd


@helper
def is_blank(buffer: Array, begin: int, end: int) -> bool:
    """Whether there is only ASCII white space."""
    x = begin
    while x < end and (buffer[x] == SPACE or TAB <= buffer[x] <= RETURN):
        x += 1
    return x == end


@helper
def columns(buffer: Array, begin: int, end: int) -> tuple[int, int, int, int]:
    """The first and the last column of a line that is not blank; the last is empty where there is one only."""
    while buffer[end - 1] == SPACE or buffer[end - 1] == TAB:
        end -= 1
    separator = SPACE
    for x in range(begin, end):
        if buffer[x] == TAB:
            separator = TAB
            break
    while separator == SPACE and buffer[begin] == SPACE:
        begin += 1
    first = begin
    while first < end and buffer[first] != separator:
        first += 1
    last = end
    while last > first and buffer[last - 1] != separator:
        last -= 1
    return begin, first, last, end


@kernel(I64, IN_U8, BOOL, BOOL, I64, OUT_I64_2D, OUT_I64_2D, OUT_I64, OUT_I64_2D, OUT_I64, OUT_U8)
def _parse_conll(
    buffer: Array,
    final: bool,
    labelled: bool,
    limit: int,
    words: Array,
    labels: Array,
    offsets: Array,
    records: Array,
    lines: Array,
    flags: Array,
) -> int:
    """Fill the arrays of `Conll`; returns the number of sentences."""
    count = total = line = 0
    at = begin = np.int64(0)
    flag = OK
    offsets[0] = lines[0] = 0
    while at < buffer.size and count < limit:
        end, after, odd = line_end(buffer, at)
        if buffer[after - 1] != NEWLINE and not final:
            break
        line += 1
        blank = is_blank(buffer, at, end)
        if not blank:
            word, word_end, label, label_end = columns(buffer, at, end)
            words[total, 0], words[total, 1] = word, word_end
            labels[total, 0], labels[total, 1] = label, label_end
            total += 1
            if odd and not is_text(buffer, at, end):
                flag = NOT_UTF8
            elif is_blank(buffer, word, word_end):
                flag = EMPTY_WORD
            elif (label == word_end) == labelled:
                flag = NO_LABEL
        at = after
        if blank or (final and at == buffer.size):
            records[count, 0], records[count, 1] = begin, at
            flags[count] = flag
            count += 1
            offsets[count], lines[count] = total, line
            begin, flag = at, OK
    return count


@kernel(I64, IN_U8, BOOL, I64, OUT_I32_2D, OUT_I64, OUT_I64_2D, OUT_U8)
def _parse_pharaoh(
    buffer: Array, final: bool, limit: int, links: Array, offsets: Array, records: Array, flags: Array
) -> int:
    """Fill the arrays of `Pharaoh`; returns the number of lines."""
    count = total = 0
    at = np.int64(0)
    offsets[0] = 0
    while at < buffer.size and count < limit:
        end, after, _ = line_end(buffer, at)
        if buffer[after - 1] != NEWLINE and not final:
            break
        flags[count] = OK
        x = at
        while x < end:
            if buffer[x] == SPACE or buffer[x] == TAB:
                x += 1
                continue
            for side in range(2):
                number, digits = 0, 0
                while x < end and ZERO <= buffer[x] <= NINE and digits < 10:
                    number = 10 * number + int(buffer[x]) - ZERO
                    digits += 1
                    x += 1
                wanted = x < end and buffer[x] == DASH
                if side == 1:
                    wanted = x == end or buffer[x] == SPACE or buffer[x] == TAB
                if not 1 <= digits <= 9 or not wanted:
                    flags[count] = BAD_LINK
                    x = end
                    break
                links[total, side] = number
                x += 1 - side
            total += flags[count] == OK
        if flags[count] != OK:
            total = offsets[count]
        records[count, 0], records[count, 1] = at, after
        count += 1
        offsets[count] = total
        at = after
    return count


def parse_conll(
    buffer: npt.NDArray[np.uint8], *, labelled: bool = True, final: bool = True, limit: int = 2**62
) -> Conll:
    """Split CoNLL bytes into sentences, words and labels.

    The first column is the word and the last the label, separated by tabs where a line has one, else by spaces.
    Every blank line ends a sentence, so a second one in a row is an empty sentence. ``labelled`` says whether
    lines have a label or one column only. With ``final`` the end of the buffer
    ends the last sentence; without, it is left unconsumed. At most ``limit`` sentences are taken. The bytes
    consumed are ``records[-1, 1]``.
    """
    most = int(np.count_nonzero(buffer == NEWLINE)) + 1
    words, labels = np.empty((most, 2), np.int64), np.empty((most, 2), np.int64)
    offsets, lines = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    records, flags = np.empty((most, 2), np.int64), np.empty(most, np.uint8)
    count = _parse_conll(buffer, final, labelled, limit, words, labels, offsets, records, lines, flags)
    total = offsets[count]
    return Conll(
        words[:total], labels[:total], offsets[: count + 1], records[:count], lines[: count + 1], flags[:count]
    )


def parse_pharaoh(buffer: npt.NDArray[np.uint8], *, final: bool = True, limit: int = 2**62) -> Pharaoh:
    """Read lines of ``i-j`` links; other forms, such as ``ipj``, are flagged.

    ``final`` and ``limit`` as in `parse_conll`.
    """
    most = int(np.count_nonzero(buffer == NEWLINE)) + 1
    links = np.empty((buffer.size // 3 + 1, 2), np.int32)
    offsets, records, flags = np.empty(most + 1, np.int64), np.empty((most, 2), np.int64), np.empty(most, np.uint8)
    count = _parse_pharaoh(buffer, final, limit, links, offsets, records, flags)
    return Pharaoh(links[: offsets[count]], offsets[: count + 1], records[:count], flags[:count])


def flag_ranges(
    parsed: Pharaoh, source_lengths: npt.NDArray[np.int64], target_lengths: npt.NDArray[np.int64]
) -> None:
    """Flag `BAD_RANGE` where a link names a word that the source or the target does not have."""
    pair = np.repeat(np.arange(parsed.flags.size), np.diff(parsed.offsets))
    outside = (parsed.links[:, 0] >= source_lengths[pair]) | (parsed.links[:, 1] >= target_lengths[pair])
    parsed.flags[pair[outside]] = BAD_RANGE
