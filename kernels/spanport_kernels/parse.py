"""Bytes of CoNLL files to ragged arrays.

The parsers (here and in `pharaoh`) take the forms that nearly every record has, and flag the others: a flagged record
is no error yet, it is left to a slower reader, which reads it or says what is wrong. Records keep their byte ranges
for that. A chunk may end anywhere: an unfinished record is not consumed, so that the caller puts it in front of the
next chunk.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import BOOL, I64, IN_U8, OUT_I64, OUT_I64_2D, OUT_U8, Array, helper, kernel

OK, NOT_UTF8, NO_LABEL, EMPTY_WORD, BAD_LABEL, BAD_LINK, BAD_RANGE = range(7)
"""Flags: fine; invalid UTF-8 or a NUL; a word without a label; an empty first column; a label of no known scheme or
of a type past the table; a link that is not ``i-j``; a link past the sentence."""

NEWLINE, RETURN, TAB, SPACE, DASH, ZERO, NINE = 10, 13, 9, 32, 45, 48, 57

SPACES, TABS, HIGH, CONTROL = 1, 2, 4, 8
"""What a line holds besides visible ASCII, as bits."""

CHUNK = 4096
"""Bytes whose kinds are looked at together, so that the places of the rare ones stay in the first cache."""


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
def is_blank(buffer: Array, begin: int, end: int) -> bool:
    """Whether there is only ASCII white space."""
    x = begin
    while x < end and (buffer[x] == SPACE or TAB <= buffer[x] <= RETURN):
        x += 1
    return x == end


@helper
def columns(buffer: Array, begin: int, end: int) -> tuple[int, int, int, int]:
    """The first and the last column of a line; the last is empty where there is one only, all are in a blank line."""
    if is_blank(buffer, begin, end):
        return begin, begin, begin, begin
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


@helper
def not_letters(buffer: Array, begin: int, places: Array) -> int:
    """Find the bytes from ``begin`` on, as many as there are ``places``, that are not visible ASCII.

    Nothing depends on what a byte is but where the next place is written, so that there is nothing to guess wrong.
    """
    found = 0
    for x in range(begin, min(begin + places.size, buffer.size)):
        places[found] = x
        found += (buffer[x] <= SPACE) | (buffer[x] >= 0x80)
    return found


@kernel(I64, IN_U8, I64, BOOL, BOOL, OUT_I64_2D, OUT_I64_2D, OUT_I64, OUT_I64_2D, OUT_I64, OUT_U8)
def _parse_conll(
    buffer: Array,
    size: int,
    final: bool,
    labelled: bool,
    words: Array,
    labels: Array,
    offsets: Array,
    records: Array,
    lines: Array,
    flags: Array,
) -> int:
    """Fill the arrays of `Conll`; returns the number of sentences. ``size`` leaves out a newline put at the end."""
    places = np.empty(CHUNK, np.int64)
    count = total = line = first = last = seen = 0
    begin = at = np.int64(0)
    flag = OK
    offsets[0] = lines[0] = 0
    for chunk in range(0, buffer.size, CHUNK):
        for place in places[: not_letters(buffer, chunk, places)]:
            byte = buffer[place]
            if byte in (SPACE, TAB):
                if not seen & (SPACES | TABS):
                    first = place
                last = place
                seen |= SPACES if byte == SPACE else TABS
            elif byte != NEWLINE:
                seen |= HIGH if byte >= 0x80 else CONTROL
            else:
                word, word_end, label, end = at, place, place, place
                separators = seen & (SPACES | TABS)
                if separators:
                    word_end, label = first, last + 1
                if (
                    seen >= CONTROL
                    or separators == SPACES | TABS
                    or (separators and (word_end == at or label == end))
                ):
                    end -= at < place < size and buffer[place - 1] == RETURN
                    word, word_end, label, end = columns(buffer, at, end)
                    if end > word and is_blank(buffer, word, word_end):
                        flag = EMPTY_WORD
                line += 1
                if end > word:
                    words[total, 0], words[total, 1] = word, word_end
                    labels[total, 0], labels[total, 1] = label, end
                    total += 1
                    if seen >= HIGH and not is_text(buffer, at, end):
                        flag = NOT_UTF8
                    elif (label == word_end) == labelled:
                        flag = NO_LABEL
                at, seen = np.int64(min(place + 1, size)), 0
                if end == word or (final and at == size):
                    records[count, 0], records[count, 1] = begin, at
                    flags[count] = flag
                    count += 1
                    offsets[count], lines[count] = total, line
                    begin, flag = at, OK
    return count


def parse_conll(buffer: npt.NDArray[np.uint8], *, labelled: bool = True, final: bool = True) -> Conll:
    """Split CoNLL bytes into sentences, words and labels.

    The first column is the word and the last the label, separated by tabs where a line has one, else by spaces.
    Every blank line ends a sentence, so a second one in a row is an empty sentence. ``labelled`` says whether
    lines have a label or one column only. With ``final`` the end of the buffer ends the last sentence; without, it
    is left unconsumed. The bytes consumed are ``records[-1, 1]``.
    """
    whole = ended(buffer, final)
    most = int(np.count_nonzero(whole == NEWLINE))
    words, labels = np.empty((most, 2), np.int64), np.empty((most, 2), np.int64)
    offsets, lines = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    records, flags = np.empty((most, 2), np.int64), np.empty(most, np.uint8)
    count = _parse_conll(whole, buffer.size, final, labelled, words, labels, offsets, records, lines, flags)
    total = offsets[count]
    return Conll(
        words[:total], labels[:total], offsets[: count + 1], records[:count], lines[: count + 1], flags[:count]
    )


def ended(buffer: npt.NDArray[np.uint8], final: bool) -> npt.NDArray[np.uint8]:
    """The buffer, with a newline at its end where the last line has none though it is whole."""
    unended = final and buffer.size and buffer[-1] != NEWLINE
    return np.append(buffer, np.uint8(NEWLINE)) if unended else buffer
