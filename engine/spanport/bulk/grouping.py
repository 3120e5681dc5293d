"""Record batches to parts of a job's output: a stream each, or some together as a row group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from spanport.errors import LengthMismatchError
from spanport.formats.arrow_writing import row_group
from spanport.formats.extras import library
from spanport.output import Part, Reject

EXTRA = "parquet"
GROUP = 1 << 16
"""Records of a row group, at least, but for the last: a dictionary is written once for so many."""


class Made(NamedTuple):
    """What became of a block, as in `Part`, with a record batch for output."""

    line: int
    batch: Any
    records: int
    rejects: list[Reject]


def grouped(made: Iterator[Made]) -> Iterator[Part]:
    """Row groups, of which ``save_batches`` of format ``parquet`` makes the file."""
    return _parts(made, GROUP, row_group)


def streamed(made: Iterator[Made]) -> Iterator[Part]:
    """Arrow streams, of which ``save_batches`` of the other formats makes the file."""
    return _parts(made, 1, _stream)


def _parts(made: Iterator[Made], least: int, encode: Callable[[Sequence[Any]], bytes]) -> Iterator[Part]:
    """Blocks together until they have so many records; the last ones before it is said that files do not match."""
    waiting, mismatch = list[Made](), None
    while True:
        try:
            one = next(made, None)
        except LengthMismatchError as error:
            one, mismatch = None, error
        waiting += [one] if one else []
        records = sum(each.records for each in waiting)
        if waiting and (one is None or records >= least):
            output = encode([each.batch for each in waiting])
            yield Part(waiting[-1].line, output, records, [reject for each in waiting for reject in each.rejects])
            waiting = []
        if mismatch:
            raise mismatch
        if one is None:
            return


def _stream(batches: Sequence[Any]) -> bytes:
    """The record batch as an Arrow stream of its own; nothing where it has no rows."""
    pa = library("pyarrow", EXTRA)
    (batch,), sink = batches, pa.BufferOutputStream()
    if not batch.num_rows:
        return b""
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    found: bytes = sink.getvalue().to_pybytes()
    return found
