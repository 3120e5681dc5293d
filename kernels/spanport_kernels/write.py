"""Words of a CoNLL buffer and projected spans to bytes of a CoNLL file."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import IN_I32_2D, IN_I64, IN_I64_2D, IN_U8, OUT_I64, OUT_U8, VOID, Array, helper, kernel
from spanport_kernels.label_codes import LabelTypes
from spanport_kernels.parse import Conll

NEWLINE, TAB, SPACE = 10, 9, 32
LETTER_B, LETTER_I, LETTER_O, DASH = 66, 73, 79, 45


@helper
def copy(source: Array, begin: int, end: int, out: Array, at: int) -> int:
    """Append bytes; returns the new end."""
    for x in range(begin, end):
        out[at] = source[x]
        at += 1
    return at


@helper
def copy_columns(buffer: Array, begin: int, end: int, out: Array, at: int) -> int:
    """Append the columns before the label, separated and followed by one tab; returns the new end."""
    tabbed = buffer[end - 1] == TAB
    for x in range(begin, end):
        if tabbed or buffer[x] != SPACE:
            out[at] = buffer[x]
            at += 1
        elif buffer[x - 1] != SPACE:
            out[at] = TAB
            at += 1
    return at


@kernel(VOID, IN_U8, IN_I64_2D, IN_I64_2D, IN_I64, IN_I32_2D, IN_I64, IN_U8, IN_I64, OUT_U8, OUT_I64)
def _write_conll(
    buffer: Array,
    words: Array,
    labels: Array,
    offsets: Array,
    spans: Array,
    span_offsets: Array,
    types: Array,
    type_offsets: Array,
    out: Array,
    out_offsets: Array,
) -> None:
    """Fill the bytes and record offsets of `write_conll`."""
    owner = np.empty(words.shape[0], np.int64)
    for w in range(owner.size):
        owner[w] = -1
    at = np.int64(0)
    out_offsets[0] = 0
    for b in range(offsets.size - 1):
        begin = offsets[b]
        for p in range(span_offsets[b], span_offsets[b + 1]):
            for w in range(begin + spans[p, 0], begin + spans[p, 1]):
                if owner[w] < 0:
                    owner[w] = p
        for w in range(begin, offsets[b + 1]):
            end = words[w, 1]
            if labels[w, 0] <= end + 1:  # in place: a call would take twice as long
                for x in range(words[w, 0], end):
                    out[at] = buffer[x]
                    at += 1
                out[at] = TAB
                at += 1
            else:
                at = copy_columns(buffer, words[w, 0], labels[w, 0], out, at)
            if owner[w] < 0:
                out[at] = LETTER_O
                at += 1
            else:
                inside = w > begin and owner[w - 1] == owner[w]
                out[at] = LETTER_I if inside else LETTER_B
                out[at + 1] = DASH
                type_ = spans[owner[w], 2]
                at = copy(types, type_offsets[type_], type_offsets[type_ + 1], out, at + 2)
            out[at] = NEWLINE
            at += 1
        out[at] = NEWLINE
        at += 1
        out_offsets[b + 1] = at


def write_conll(
    buffer: npt.NDArray[np.uint8],
    parsed: Conll,
    spans: npt.NDArray[np.int32],
    span_offsets: npt.NDArray[np.int64],
    types: LabelTypes,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Write the sentences with the spans' labels in place of their last column.

    Tab-separated, IOB2, a blank line after each sentence; columns between word and label are kept. ``spans`` int32
    ``(P, 4)``: start, end (words of the sentence), type, anything; ragged by ``span_offsets``. Where two share a
    word the first has it. Returns uint8 bytes, and int64 ``(B + 1,)`` where each sentence's start and end.
    """
    longest = int(np.diff(types.offsets).max(initial=0)) + 2
    kept = int((parsed.labels[:, 0] - parsed.words[:, 0]).sum())
    out = np.empty(kept + len(parsed.words) * (longest + 2) + parsed.offsets.size, np.uint8)
    out_offsets = np.empty(parsed.offsets.size, np.int64)
    _write_conll(
        buffer, parsed.words, parsed.labels, parsed.offsets, spans, span_offsets, types.packed, types.offsets,
        out, out_offsets,
    )  # fmt: skip
    return out[: out_offsets[-1]], out_offsets
