"""Parquet and Arrow files as tables of which blocks of rows are taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spanport.bulk.layout import layout_of
from spanport.bulk.tables import EXTRA, ROWS, TableFeed
from spanport.formats.arrow import looked_at, parquet_table, read_group
from spanport.formats.extras import library
from spanport.formats.inputs import Input
from spanport.formats.records import Reading


def table_feed(given: Input) -> TableFeed:
    """The table of an input; see `table_schema`."""
    return (ArrowFeed if given.format == "arrow" else ParquetFeed)(given.paths[0], given.reading)


def table_schema(given: Input) -> Any:
    """The schema of an input, None where it is read row by row."""
    if given.format == "arrow":
        table = arrow_file(given.paths[0])
        schema = table and table.schema
    else:
        with parquet_table(given.paths[0]) as table:
            schema = table.schema_arrow
    return schema if schema is not None and layout_of(schema, given.reading) is not None else None


class ParquetFeed(TableFeed):
    """A Parquet file."""

    def __init__(self, path: str, reading: Reading) -> None:
        with parquet_table(path) as plain:
            schema, leaves = plain.schema_arrow, [plain.schema.column(i).path for i in range(len(plain.schema))]
            super().__init__(path, reading, schema, plain.metadata.num_rows)
        parts = [leaf.split(".") for leaf in leaves]
        words = [leaf for leaf in parts if leaf[0] in (self.layout.tokens, self.layout.tags) and len(leaf) == 3]
        labels = [leaf for leaf in parts if leaf[0] == self.layout.tags and leaf[3:] == ["label"]]
        self._table = parquet_table(path, read_dictionary=[".".join(leaf) for leaf in words + labels])

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    def _read(self) -> Iterator[Any]:
        """Batches of rows; those of a row group that cannot be read are null, and read by the ordinary reader."""
        pa = library("pyarrow", EXTRA)
        row = 1
        for group in range(self._table.num_row_groups):
            end = row + self._table.metadata.row_group(group).num_rows
            begin = row
            try:
                for batch in self._table.iter_batches(ROWS, row_groups=[group], use_threads=False):
                    yield batch
                    row += batch.num_rows
            except (OSError, pa.ArrowException):
                read = enumerate(read_group(self._table, group, begin, self.columns), begin)
                self._results |= {number: result for number, result in read if number >= row}
                nulls = [pa.nulls(end - row, field.type) for field in self._table.schema_arrow]
                yield pa.RecordBatch.from_arrays(nulls, schema=self._table.schema_arrow)
            row = end


class ArrowFeed(TableFeed):
    """An Arrow file."""

    def __init__(self, path: str, reading: Reading) -> None:
        self._table = arrow_file(path)
        batches = map(self._table.get_batch, range(self._table.num_record_batches))
        super().__init__(path, reading, self._table.schema, sum(batch.num_rows for batch in batches))

    def _read(self) -> Iterator[Any]:
        pa, types = library("pyarrow", EXTRA), library("pyarrow.types", EXTRA)
        wanted, row = (self.layout.tokens, self.layout.tags), 1
        for number in range(self._table.num_record_batches):
            batch = self._table.get_batch(number)
            row += batch.num_rows
            try:
                batch.validate(full=True)
            except pa.ArrowInvalid:  # left to the ordinary reader
                begin = row - batch.num_rows
                self._results |= dict(enumerate(looked_at(batch, begin, self.columns), begin))
                nulls = [pa.nulls(batch.num_rows, field.type) for field in batch.schema]
                batch = pa.RecordBatch.from_arrays(nulls, schema=batch.schema)
            for i, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
                if name in wanted and types.is_string(column.type.value_type):
                    mask = column.is_null() if column.null_count else None
                    coded = pa.ListArray.from_arrays(column.offsets, column.values.dictionary_encode(), mask=mask)
                    batch = batch.set_column(i, name, coded)
            yield batch


def arrow_file(path: str) -> Any:
    """An Arrow file, open, whose batches are read where they stand; None where it is a stream, or nothing such."""
    pa = library("pyarrow", EXTRA)
    try:
        return pa.ipc.open_file(pa.memory_map(path))
    except (OSError, pa.ArrowInvalid):
        return None
