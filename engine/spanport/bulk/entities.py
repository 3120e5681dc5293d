"""The entities of a block of a table: of a tag per word, or of spans in code points."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.bulk.tables import EXTRA, Rows, TableFeed, any_of, coded_lists
from spanport.bulk.vocabulary import text_of, texts_of
from spanport.formats.extras import library
from spanport.ports import BoolArray, Int32, Int64
from spanport_kernels.label_codes import INVALID, OUTSIDE, LabelTypes, group_codes
from spanport_kernels.word_spans import word_spans


class Entities(NamedTuple):
    """Spans int32 ``(E, 3)`` and int64 offsets as in `PairBatch`.

    ``odd``: bool ``(B,)`` the rows that the ordinary reader is to read, which have no entities here; ``scores``
    float64 ``(E,)``, not a number where there is none; None where the table has no such field.
    """

    spans: Int32
    offsets: Int64
    odd: BoolArray
    scores: npt.NDArray[np.float64] | None = None


def entities_of(rows: Rows, feed: TableFeed, types: LabelTypes) -> Entities:
    """The entities of a block."""
    column = rows.batch.column(feed.layout.tags)
    if hasattr(column.values, "flatten") and library("pyarrow.types", EXTRA).is_struct(column.values.type):
        return _of_spans(rows, column, types)
    return _of_tags(rows, column, feed.columns.classes.get(feed.layout.tags), types)


def _of_tags(rows: Rows, column: Any, names: list[str] | None, types: LabelTypes) -> Entities:
    values, offsets, odd = coded_lists(column)
    if hasattr(column.values, "dictionary"):
        names = list(map(text_of, column.values.dictionary))
    assert names is not None, "numbers have names; see `layout_of`"
    outside = (values < 0) | (values >= len(names))
    if outside.any():
        odd |= any_of(outside, offsets)
        values = np.where(outside, 0, values)
    codes = types.codes_of([name.encode() for name in names] or [b"O"])[values]
    lengths, wanted = np.diff(offsets), np.diff(rows.offsets)
    odd |= lengths != wanted
    if odd.any():
        spread = np.full(rows.words.size, OUTSIDE, np.int32)
        spread[np.repeat(~odd, wanted)] = codes[np.repeat(~odd, lengths)]
        codes = spread
    if (codes == INVALID).any():
        odd |= any_of(codes == INVALID, rows.offsets)
    return Entities(*group_codes(codes, rows.offsets), odd)


def _of_spans(rows: Rows, column: Any, types: LabelTypes) -> Entities:
    """Spans that begin and end with words, in their order; a row with others is an odd one."""
    pa = library("pyarrow", EXTRA)
    raw = column.offsets.to_numpy()
    items = column.values.slice(int(raw[0]), int(raw[-1] - raw[0]))
    offsets = (raw - raw[0]).astype(np.int64)
    fields = dict(zip([field.name for field in items.type], items.flatten(), strict=True))
    needed = [fields[name] for name in ("start", "end", "label", "text") if name in fields]
    bad = np.zeros(len(items), np.bool_)
    for field in needed:
        if field.null_count:
            bad |= field.is_null().to_numpy(zero_copy_only=False)
    starts, ends = (_filled(fields[name].cast(pa.int64(), safe=False), 0) for name in ("start", "end"))
    labels = fields["label"]
    labels = labels if hasattr(labels, "dictionary") else labels.dictionary_encode()
    codes = types.codes_of([f"B-{text_of(name)}".encode() for name in labels.dictionary] or [b"O"])
    numbers = codes[_filled(labels.indices, 0)]
    bad |= numbers == INVALID
    scores = None
    if "score" in fields:
        scores = _filled(fields["score"].cast(pa.float64()), np.nan)
        bad |= (scores < 0) | (scores > 1)
    odd = rows.slow | column.is_null().to_numpy(zero_copy_only=False)
    if bad.any():
        odd |= any_of(bad, offsets)
    texts, known = texts_of(fields["text"]) if "text" in fields else None, rows.vocabulary
    spans, found = word_spans(
        offsets, starts, ends, numbers >> 2, texts, rows.offsets, rows.words, known.lengths, rows.joined, odd
    )
    if scores is not None and odd.any():
        scores = scores[np.repeat(~odd, np.diff(offsets))]
    return Entities(spans, found, odd, scores)


def _filled(column: Any, value: Any) -> Any:
    """The numbers of a column, one in place of nulls."""
    return (column.fill_null(value) if column.null_count else column).to_numpy(zero_copy_only=False)
