"""Parquet and Arrow (Feather) tables: a row is a record with the fields of `spanport.formats.fields`.

Files are read and written by batches, so memory does not grow with them. A null is a field that is not there. Label
columns of numbers take their names from the metadata that Hugging Face datasets leave in a file. Values that one
column type cannot hold are written as JSON and marked so in the column's metadata; they are read back as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from os import PathLike, fspath
from typing import Any

import msgspec

from spanport.errors import FormatError, RecordError, UsageError
from spanport.formats.arrow_schema import json_columns, schema_of, to_row
from spanport.formats.extras import library
from spanport.formats.fields import sentence_of_fields
from spanport.formats.lines import Source
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.staged import Staged

EXTRA = "parquet"
BATCH = 1024
"""Rows read at once."""

GROUP = 8192
"""Rows of a row group that is written."""


def read_parquet(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row; every row of a row group that cannot be read is rejected.

    Raises:
        UsageError: at once, when this is no Parquet file or lacks a column.
    """
    path = table_path(source, "Parquet")
    parquet = library("pyarrow.parquet", EXTRA)
    try:
        table = parquet.ParquetFile(path)
        columns = Columns(table.schema_arrow, path, reading)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}") from error
    return _groups(table, columns)


def read_arrow(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row of an Arrow file or stream; see `read_parquet`."""
    path = table_path(source, "Arrow")
    pa = library("pyarrow", EXTRA)
    try:
        memory = pa.memory_map(path)
        try:
            table = pa.ipc.open_file(memory)
            batches: Any = (table.get_batch(i) for i in range(table.num_record_batches))
        except pa.ArrowInvalid:
            memory.seek(0)
            table = batches = pa.ipc.open_stream(memory)
        columns = Columns(table.schema, path, reading)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as an Arrow file: {error}") from error
    return _batches(batches, columns)


def save_parquet(path: str, records: Staged) -> None:
    """Write the records as Parquet, compressed with Zstandard."""
    parquet = library("pyarrow.parquet", EXTRA)
    schema = schema_of(records)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in record_batches(records, schema):
            writer.write_batch(batch)


def save_arrow(path: str, records: Staged) -> None:
    """Write the records as an Arrow file (Feather version 2)."""
    pa = library("pyarrow", EXTRA)
    schema = schema_of(records)
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in record_batches(records, schema):
            writer.write_batch(batch)


def record_batches(records: Staged, schema: Any) -> Iterator[Any]:
    """The records as Arrow record batches."""
    pa = library("pyarrow", EXTRA)
    rows, json = list[dict[str, Any]](), json_columns(schema)
    for fields in chain(records, [None]):
        if fields is not None:
            rows.append(to_row(fields, json))
        if rows and (fields is None or len(rows) == GROUP):
            yield pa.RecordBatch.from_pylist(rows, schema)
            rows = []


class Columns:
    """What the columns of a table mean; raises UsageError where those that are needed are not there."""

    def __init__(self, schema: Any, path: str, reading: Reading, json: frozenset[str] = frozenset()) -> None:
        self.reading, self.names = reading, list(schema.names)
        given = {"--text-column": reading.text_column, "--tokens-column": reading.tokens_column}
        for option, column in {**given, "--labels-column": reading.labels_column}.items():
            if column is not None and column not in self.names:
                raise UsageError(f"{path} has no column {column!r} ({option}); it has {', '.join(self.names)}")
        text, tokens = reading.text_column or "text", reading.tokens_column or "tokens"
        if not {text, tokens} & set(self.names):
            raise UsageError(
                f"{path} has neither a column {text!r} nor {tokens!r}, but {', '.join(self.names)}; name the one "
                "that holds the text with --text-column, or the words with --tokens-column"
            )
        self._check(schema, path, text, tokens)
        self.json = json | json_columns(schema)
        self.classes = class_names(schema.metadata or {})

    def _check(self, schema: Any, path: str, text: str, tokens: str) -> None:
        types = library("pyarrow.types", EXTRA)
        is_text = (types.is_string, types.is_large_string, types.is_string_view, types.is_null)
        for name, wanted in ((text, "text"), (tokens, "lists of text")):
            if name not in self.names:
                continue
            kind = schema.field(name).type
            if types.is_dictionary(kind):
                kind = kind.value_type
            if wanted != "text":
                lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
                kind = kind.value_type if any(test(kind) for test in lists) else None
            if kind is None or not any(test(kind) for test in is_text):
                raise UsageError(f"column {name!r} of {path} is of type {schema.field(name).type}, expected {wanted}")

    def result(self, row: int, fields: dict[str, Any]) -> ReadResult:
        """The sentence of a row (counted from 1), or why there is none."""
        try:
            for name in self.json:
                if fields[name] is not None:
                    fields[name] = msgspec.json.decode(fields[name])
            for name, classes in self.classes.items():
                if fields.get(name) is not None:
                    fields[name] = _named(name, fields[name], classes)
            kept = {name: value for name, value in fields.items() if value is not None}
            if not kept.keys() & {self.reading.text_column or "text", self.reading.tokens_column or "tokens"}:
                raise FormatError("the text is null")
            if self.reading.labels_column is not None:
                kept.setdefault(self.reading.labels_column, None)
            if self.reading.tokens_column is not None:
                kept.setdefault(self.reading.tokens_column, None)
            return Read(row, sentence_of_fields(kept, self.reading))
        except RecordError as error:
            error.line = row
            return Rejected(row, error, shown_row(fields))


def class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """The names of label columns that hold numbers, from the metadata of Hugging Face datasets."""
    try:
        info = msgspec.json.decode(metadata.get(b"huggingface", b"{}"))
        features = info["info"]["features"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return {}
    found = {name: feature.get("feature", feature) for name, feature in features.items() if isinstance(feature, dict)}
    return {
        name: inner["names"]
        for name, inner in found.items()
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" and inner.get("names")
    }


def table_path(source: Source, what: str) -> str:
    """The path of a file that cannot be read as a stream; UsageError where it is one."""
    if not isinstance(source, str | PathLike) or fspath(source) == "-":
        raise UsageError(f"{what} is read from a file, not from a stream; save it first")
    return fspath(source)


def shown_row(fields: dict[str, Any]) -> str:
    """A row as a reject shows it."""
    try:
        return msgspec.json.encode(fields).decode()
    except (TypeError, ValueError):
        return repr(fields)


def _named(column: str, values: Any, names: list[str]) -> Any:
    if isinstance(values, int):
        return names[values] if 0 <= values < len(names) else values
    bad = next((v for v in values if not isinstance(v, int) or not 0 <= v < len(names)), None)
    if bad is not None:
        raise FormatError(f"column {column!r} holds {bad}, expected numbers from 0 to {len(names) - 1} of {names}")
    return [names[value] for value in values]


def _groups(table: Any, columns: Columns) -> Iterator[ReadResult]:
    pa = library("pyarrow", EXTRA)
    row = 1
    with table:
        for group in range(table.num_row_groups):
            end = row + table.metadata.row_group(group).num_rows
            try:
                for batch in table.iter_batches(BATCH, row_groups=[group]):
                    for fields in batch.to_pylist():
                        yield columns.result(row, fields)
                        row += 1
            except (OSError, pa.ArrowException) as error:
                for lost in range(row, end):
                    why = FormatError(f"row {lost} is in row group {group}, which cannot be read: {error}", line=lost)
                    yield Rejected(lost, why, "")
            row = end


def _batches(batches: Any, columns: Columns) -> Iterator[ReadResult]:
    row = 1
    for batch in batches:
        for part in range(0, batch.num_rows, BATCH):
            for fields in batch.slice(part, BATCH).to_pylist():
                yield columns.result(row, fields)
                row += 1
