"""Parquet and Arrow (Feather) tables: a row is a record with the fields of `spanport.formats.fields`.

Files are read and written by batches, so memory does not grow with them. A null is a field that is not there. Label
columns of numbers take their names from the metadata that Hugging Face datasets leave in a file. Values that one
column type cannot hold are written as JSON and marked so in the column's metadata; they are read back as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any

import msgspec

from spanport.errors import EncodingError, FormatError, RecordError, UsageError
from spanport.formats.arrow_schema import json_columns
from spanport.formats.extras import library
from spanport.formats.fields import sentence_of_fields
from spanport.formats.lines import COMPRESSED, Source, show, unpacked
from spanport.formats.records import Read, Reading, ReadResult, Rejected

EXTRA = "parquet"
BATCH = 1024
"""Rows read at once."""


def read_parquet(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row; every row of a row group that cannot be read is rejected.

    Raises:
        UsageError: at once, when this is no Parquet file or lacks a column.
    """
    path = table_path(source, "Parquet")
    table = parquet_table(path)
    return _groups(table, Columns(table.schema_arrow, path, reading))


def parquet_table(path: str, **options: Any) -> Any:
    """A Parquet file, open; ``options`` as for `pyarrow.parquet.ParquetFile`.

    Raises UsageError where it is none.
    """
    parquet = library("pyarrow.parquet", EXTRA)
    try:
        return parquet.ParquetFile(unpacked(path) if path.lower().endswith(COMPRESSED) else path, **options)
    except FileNotFoundError as error:
        raise UsageError(f"cannot open {path}: no such file") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}") from error


def read_arrow(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row of an Arrow file or stream; see `read_parquet`."""
    path = table_path(source, "Arrow")
    pa = library("pyarrow", EXTRA)
    try:
        packed = path.lower().endswith(COMPRESSED)
        memory = pa.PythonFile(unpacked(path), "r") if packed else pa.memory_map(path)
        try:
            table = pa.ipc.open_file(memory)
            batches: Any = (table.get_batch(i) for i in range(table.num_record_batches))
        except pa.ArrowInvalid:
            memory.seek(0)
            table = batches = pa.ipc.open_stream(memory)
        columns = Columns(table.schema, path, reading)
    except FileNotFoundError as error:
        raise UsageError(f"cannot open {path}: no such file") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as an Arrow file: {error}") from error
    return _batches(batches, columns)


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
        if reading.labels:
            self._check_labels(schema, path)

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

    def _check_labels(self, schema: Any, path: str) -> None:
        types = library("pyarrow.types", EXTRA)
        lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_null)
        given = self.reading.labels_column
        for name in [given] if given else [name for name in ("spans", "ner_tags") if name in self.names]:
            kind = schema.field(name).type
            if name not in self.json and not any(test(kind) for test in lists):
                raise UsageError(
                    f"column {name!r} of {path} is of type {kind}, expected a list of spans, or of a label per token"
                )
            if types.is_list(kind) and types.is_integer(kind.value_type) and name not in self.classes:
                raise UsageError(
                    f"column {name!r} of {path} holds numbers, and the file does not say of which labels; write it "
                    "anew from the data set it comes from (`Dataset.to_parquet` keeps the names), or write the labels"
                )

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
    bad = [v for v in values if not isinstance(v, int) or not 0 <= v < len(names)]
    if bad:
        raise FormatError(f"column {column!r} holds {bad[0]}, expected numbers from 0 to {len(names) - 1} of {names}")
    return [names[value] for value in values]


def _groups(table: Any, columns: Columns) -> Iterator[ReadResult]:
    row = 1
    with table:
        for group in range(table.num_row_groups):
            yield from read_group(table, group, row, columns)
            row += table.metadata.row_group(group).num_rows


def read_group(table: Any, group: int, row: int, columns: Columns) -> Iterator[ReadResult]:
    """The rows of a row group, the first being ``row``; those that cannot be read are rejected."""
    pa = library("pyarrow", EXTRA)
    end = row + table.metadata.row_group(group).num_rows
    try:
        for batch in table.iter_batches(BATCH, row_groups=[group]):
            yield from rows_of(batch, row, columns)
            row += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        for lost in range(row, end):
            said = " ".join(str(error).split())
            why = FormatError(f"row {lost} is in row group {group}, which cannot be read: {said}", line=lost)
            yield Rejected(lost, why, "")


def rows_of(batch: Any, row: int, columns: Columns) -> Iterator[ReadResult]:
    """The rows of a record batch, the first being ``row``."""
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:
        rows = None
    for i in range(batch.num_rows):
        try:
            fields = rows[i] if rows else batch.slice(i, 1).to_pylist()[0]
            yield columns.result(row + i, fields)
        except UnicodeDecodeError as error:
            why = EncodingError(f"{show(error.object)!r} is not valid UTF-8; write the table anew", line=row + i)
            yield Rejected(row + i, why, show(error.object))


def looked_at(batch: Any, row: int, columns: Columns) -> Iterator[ReadResult]:
    """As `rows_of`, of bytes of a file; where these point past their end all rows of the batch are rejected."""
    pa = library("pyarrow", EXTRA)
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):  # of text each row is looked at
            for number in range(row, row + batch.num_rows):
                why = FormatError(f"row {number} is in a batch that cannot be read: {error}", line=number)
                yield Rejected(number, why, "")
            return
    for part in range(0, batch.num_rows, BATCH):
        yield from rows_of(batch.slice(part, BATCH), row + part, columns)


def _batches(batches: Any, columns: Columns) -> Iterator[ReadResult]:
    row = 1
    for batch in batches:
        yield from looked_at(batch, row, columns)
        row += batch.num_rows
