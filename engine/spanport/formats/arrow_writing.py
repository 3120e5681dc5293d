"""Writing Parquet and Arrow tables: of records, or of the record batches that `spanport.bulk` made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from spanport.formats.arrow_schema import json_columns, schema_of, to_row
from spanport.formats.extras import library
from spanport.formats.parquet_footer import end_segment, join_segments
from spanport.formats.staged import Staged

EXTRA = "parquet"
GROUP = 8192
"""Rows of a row group that is written."""

BULK_GROUP = 1 << 16
"""The same in bulk, at least: a dictionary is written once for so many."""


def save_parquet(path: str, records: Staged) -> None:
    """Write the records as Parquet, compressed with Zstandard."""
    schema = schema_of(records)
    with parquet_writer(path, schema) as writer:
        for batch in record_batches(records, schema):
            writer.write_batch(batch)


def row_group(batches: Sequence[Any]) -> bytes:
    """Record batches of one schema as a row group for `save_parquet_segments`; nothing where they have no rows.

    Columns that are dictionaries here are plain text there: the dictionaries are written as they are.
    """
    pa = library("pyarrow", EXTRA)
    table, sink = pa.Table.from_batches(batches).unify_dictionaries(), pa.BufferOutputStream()
    if not table.num_rows:
        return b""
    save_row_groups(sink, [table], table.schema)
    end_segment(sink)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def save_parquet_segments(path: str, staged: str) -> None:
    """Make the file of row groups that `spanport.bulk` staged, which are then gone there."""
    if join_segments(staged):
        os.replace(staged, path)
    else:
        save_row_groups(path, [], schema_of([]))


def save_row_groups(path: Any, tables: Iterable[Any], empty: Any) -> None:
    """Write each table as a row group to a file or stream; where there is none, a table of the schema ``empty``."""
    writer, tables = None, iter(tables)
    for table in chain([next(tables, empty.empty_table())], tables):
        if writer is None:
            writer = parquet_writer(path, table.schema, store_schema=False, write_batch_size=BULK_GROUP)
            writer.add_key_value_metadata(table.schema.metadata or {})
        writer.write_table(table, max(1, table.num_rows))
    assert writer is not None
    writer.close()


def row_groups(staged: str) -> Iterator[Any]:
    """The tables of streams, some of which make one with the same dictionaries: each is written with its rows."""
    pa = library("pyarrow", EXTRA)
    tables = list[Any]()
    with pa.OSFile(staged) as file:
        while file.tell() < file.size():
            with pa.ipc.open_stream(file) as stream:
                tables.append(stream.read_all())
            if file.tell() == file.size() or sum(table.num_rows for table in tables) >= BULK_GROUP:
                yield pa.concat_tables(tables).unify_dictionaries()
                tables = []


def parquet_writer(path: Any, schema: Any, **options: Any) -> Any:
    """A writer, compressing with Zstandard; of text, which nobody asks for by its range, no least and largest value.

    Finding these would take longer than all the rest.
    """
    parquet, types = library("pyarrow.parquet", EXTRA), library("pyarrow.types", EXTRA)
    ranged = [field.name for field in schema if types.is_primitive(field.type)]
    return parquet.ParquetWriter(path, schema, compression="zstd", write_statistics=ranged or False, **options)


def save_arrow(path: str, records: Staged) -> None:
    """Write the records as an Arrow file (Feather version 2)."""
    pa = library("pyarrow", EXTRA)
    schema = schema_of(records)
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in record_batches(records, schema):
            writer.write_batch(batch)


def save_arrow_batches(path: str, staged: str) -> None:
    """Write what `spanport.bulk` staged: Arrow streams, one after the other, whose dictionaries become plain text."""
    pa = library("pyarrow", EXTRA)
    tables = (table.cast(pa.schema([_plain(field) for field in table.schema])) for table in row_groups(staged))
    first = next(tables, schema_of([]).empty_table())
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table, GROUP)


def _plain(field: Any) -> Any:
    """The field with text in place of dictionaries of it."""
    pa, kind = library("pyarrow", EXTRA), field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    elif pa.types.is_list(kind):
        kind = pa.list_(_plain(kind.value_field))
    elif pa.types.is_struct(kind):
        kind = pa.struct(list(map(_plain, kind)))
    return field.with_type(kind)


def record_batches(records: Iterable[dict[str, Any]], schema: Any) -> Iterator[Any]:
    """The records as Arrow record batches."""
    pa = library("pyarrow", EXTRA)
    rows, json = list[dict[str, Any]](), json_columns(schema)
    for fields in chain(records, [None]):
        if fields is not None:
            rows.append(to_row(fields, json))
        if rows and (fields is None or len(rows) == GROUP):
            yield pa.RecordBatch.from_pylist(rows, schema)
            rows = []
