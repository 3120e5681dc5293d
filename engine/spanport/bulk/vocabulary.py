"""The words of a block of rows, each once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.formats.extras import library
from spanport.ports import Int32

EXTRA = "parquet"


class Vocabulary(NamedTuple):
    """The words of a block, each once: as an Arrow array, as bytes with int32 starts, and their code points."""

    array: Any
    data: npt.NDArray[np.uint8]
    starts: Int32
    lengths: Int32


def text_array(data: npt.NDArray[np.uint8], offsets: Int32) -> Any:
    """The Arrow array of texts that lie one after the other."""
    pa = library("pyarrow", EXTRA)
    return pa.Array.from_buffers(pa.string(), offsets.size - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def texts_of(array: Any) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of texts, and int64 where each begins in them."""
    _, places, data = array.buffers()
    starts = np.frombuffer(places, np.int32, len(array) + 1, 4 * array.offset) if places else np.zeros(1, np.int32)
    return np.frombuffer(data or b"", np.uint8), starts.astype(np.int64)


def used_words(array: Any, words: Int32) -> tuple[Any, Int32]:
    """The words that occur, and the numbers of all in them."""
    used = np.zeros(len(array), np.bool_)
    used[words] = True
    return array.take(np.flatnonzero(used)), (np.cumsum(used, dtype=np.int32) - 1)[words]


def vocabulary_of(array: Any) -> Vocabulary:
    """The words of a dictionary."""
    pa, compute = library("pyarrow", EXTRA), library("pyarrow.compute", EXTRA)
    array = array if len(array) else pa.array([""])
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        array = pa.array([text_of(word) for word in array])
    lengths = compute.utf8_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    _, places, data = array.buffers()
    starts = np.frombuffer(places, np.int32, len(array) + 1, 4 * array.offset)
    return Vocabulary(array, np.frombuffer(data or b"", np.uint8), starts, lengths)


def text_of(word: Any) -> str:
    """A word or a label; nothing for a null, or where its bytes are not UTF-8, which makes its row a slow one."""
    try:
        return word.as_py() or ""
    except UnicodeDecodeError:
        return ""
