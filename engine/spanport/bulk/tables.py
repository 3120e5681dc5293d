"""Parquet tables of words as blocks of arrays, without a Python object per word or record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.bulk.layout import languages_of, layout_of
from spanport.bulk.vocabulary import Vocabulary, text_array, used_words, vocabulary_of
from spanport.formats.arrow import Columns, rows_of
from spanport.formats.extras import library
from spanport.formats.records import Reading, ReadResult
from spanport.ports import BoolArray, Int32, Int64
from spanport_kernels.text import Joined, join_words

EXTRA = "parquet"
ROWS = 1 << 14
"""Most rows of a block."""


@dataclass(frozen=True)
class Rows:
    """B rows: ``words`` int32 (W,) are numbers in the vocabulary, ``offsets`` int64 (B + 1,) where each row begins.

    ``slow``: rows that the ordinary reader is to read, or to reject; ``first``: the number of the first row;
    ``languages``: an Arrow dictionary of the code of each, "" where none is known.
    """

    first: int
    batch: Any
    vocabulary: Vocabulary
    words: Int32
    offsets: Int64
    slow: BoolArray
    languages: Any

    @cached_property
    def joined(self) -> Joined:
        """The texts: words joined by one space."""
        known = self.vocabulary
        return join_words(known.data, known.starts, known.lengths, self.words, self.offsets)


class TableFeed:
    """A table of which rows are taken in order; `rows` there are, ``done`` are taken."""

    def __init__(self, path: str, reading: Reading, schema: Any, rows: int) -> None:
        self.path, self.done, self.reading, self.rows = path, 0, reading, rows
        layout = layout_of(schema, reading)
        assert layout is not None, "the table fits; see `layout_of`"
        self.layout, self.columns = layout, Columns(schema, path, reading)
        self._results: dict[int, ReadResult] = {}
        self._pieces, self._rest = self._read(), None
        self._vocabulary: tuple[Any, Vocabulary] | None = None

    def ready(self) -> int:
        """How many rows are left."""
        return int(self.rows - self.done)

    def skip(self, count: int) -> None:
        """Pass over the next rows, of which there may be fewer."""
        while count := min(count, self.ready()):
            count -= self._next(min(count, ROWS)).num_rows

    def take(self, count: int) -> Rows:
        """The next rows, of those that are left."""
        first, pieces = self.done + 1, list[Any]()
        while count:
            pieces.append(self._next(count))
            count -= pieces[-1].num_rows
        pa = library("pyarrow", EXTRA)
        if len(pieces) > 1:
            pieces = pa.Table.from_batches(pieces).unify_dictionaries().combine_chunks().to_batches()
        return self._rows(first, pieces[0])

    def result(self, rows: Rows, i: int) -> ReadResult:
        """What the ordinary reader makes of a row of a block."""
        number = rows.first + i
        found = self._results.pop(number, None)
        return found or next(rows_of(rows.batch.slice(i, 1), number, self.columns))

    def close(self) -> None:
        """Close the file."""

    def _next(self, most: int) -> Any:
        """At least one row, and at most so many."""
        rest = self._rest if self._rest is not None else next(self._pieces)
        taken, self._rest = rest.slice(0, most), rest.slice(most) if rest.num_rows > most else None
        self.done += taken.num_rows
        return taken

    def _read(self) -> Iterator[Any]:
        """Batches of rows whose words are dictionaries."""
        raise NotImplementedError

    def _rows(self, first: int, batch: Any) -> Rows:
        column = batch.column(self.layout.tokens)
        words, offsets, slow = coded_lists(column)
        vocabulary, words = self._known(column.values.dictionary, words)
        compute = library("pyarrow.compute", EXTRA)
        empty = vocabulary.lengths == 0
        if empty.any():
            slow |= any_of(empty[words], offsets)
        languages, unknown = languages_of(batch, self.reading.language)
        slow |= unknown
        rows = Rows(first, batch, vocabulary, words, offsets, slow, languages)
        if "text" in batch.schema.names:
            same = compute.equal(batch.column("text"), text_array(rows.joined.text, rows.joined.offsets))
            slow |= ~same.fill_null(True).to_numpy(zero_copy_only=False)
        return rows

    def _known(self, array: Any, words: Int32) -> tuple[Vocabulary, Int32]:
        """The vocabulary of a block, looked at once where blocks share it; of a large one what the block needs."""
        if len(array) > words.size:
            array, words = used_words(array, words)
        if self._vocabulary is None or not self._vocabulary[0].equals(array):
            self._vocabulary = array, vocabulary_of(array)
        return self._vocabulary[1], words


def coded_lists(column: Any) -> tuple[Int32, Int64, BoolArray]:
    """The numbers in a column of lists, of a dictionary or integers, where each list begins, and which hold nulls."""
    raw = column.offsets.to_numpy()
    values = column.values.slice(int(raw[0]), int(raw[-1] - raw[0]))
    codes = getattr(values, "indices", values)
    offsets = (raw - raw[0]).astype(np.int64)
    slow = column.is_null().to_numpy(zero_copy_only=False).copy()
    if codes.null_count:
        slow |= any_of(codes.is_null().to_numpy(zero_copy_only=False), offsets)
        codes = codes.fill_null(0)
    numbers = codes.to_numpy(zero_copy_only=False)
    return numbers.astype(np.int32, copy=False) if _fits(numbers) else _clipped(numbers), offsets, slow


def any_of(marks: BoolArray, offsets: Int64) -> BoolArray:
    """Which items of a ragged array hold a mark."""
    return np.diff(np.concatenate([[0], np.cumsum(marks)])[offsets]) > 0


def _fits(numbers: npt.NDArray[Any]) -> bool:
    return numbers.dtype.itemsize <= 4 and numbers.dtype != np.uint32


def _clipped(numbers: npt.NDArray[Any]) -> Int32:
    """As int32, what is past it being -1."""
    return np.where((numbers < 0) | (numbers >= 1 << 31), -1, numbers).astype(np.int32)
