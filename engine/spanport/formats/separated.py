"""CSV and TSV tables with a header: a row is a record with the fields of `spanport.formats.fields`.

Lists (``spans``, ``tokens``, ``labels``) and whatever else is no text stand as JSON in their cells; ``tokens`` and
``labels`` may also be words separated by spaces. An empty cell is a field that is not there, but for the text.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from spanport.errors import FormatError, RecordError, UsageError
from spanport.formats.fields import sentence_of_fields
from spanport.formats.layouts import TAG_FIELDS
from spanport.formats.lines import Source, decode, read_lines, show
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.staged import Staged

LISTS = frozenset({"tokens", *TAG_FIELDS})
"""Columns in which a text is a list of words."""

FIRST = ("text", "language", "tokens", "spans")
"""The order of the columns that are written; others follow as they come."""

FARTHEST = 1000
"""Lines that one row may have."""

csv.field_size_limit(1 << 30)


def read_csv(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row of a table whose cells are separated by commas, or by semicolons if its header is.

    Raises:
        UsageError: at once, when the header lacks a column.
    """
    return _read(read_lines(source, keep_ends=True), ",", reading)


def read_tsv(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row of a table whose cells are separated by tabs; see `read_csv`."""
    return _read(read_lines(source, keep_ends=True), "\t", reading)


def save_csv(path: str, records: Staged) -> None:
    """Write the records, cells separated by commas."""
    _save(path, records, ",")


def save_tsv(path: str, records: Staged) -> None:
    """Write the records, cells separated by tabs."""
    _save(path, records, "\t")


def _save(path: str, records: Staged, delimiter: str) -> None:
    found = dict.fromkeys(name for fields in records for name in fields)
    first = [name for name in FIRST if name in found or name in ("text", "spans")]
    columns = [*first, *(name for name in found if name not in FIRST)]
    with open(path, "wb") as file:
        file.write(_row(columns, delimiter))
        for fields in records:
            file.write(_row([_cell(name, fields[name]) if name in fields else "" for name in columns], delimiter))


def _row(cells: list[str], delimiter: str) -> bytes:
    """A line; the writer quotes cells with either character of its line end, which is then made a plain newline."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return (buffer.getvalue().removesuffix("\r\n") + "\n").encode()


def _cell(name: str, value: Any) -> str:
    """A text as it is, unless it would be read as something else; other values as JSON."""
    plain = isinstance(value, str) and (name in ("text", "language") or (value and _value(value) == value))
    return value if plain else msgspec.json.encode(value).decode()


def _read(lines: Iterator[bytes], delimiter: str, reading: Reading) -> Iterator[ReadResult]:
    header = show(next(lines, b"")).rstrip("\r\n")
    if delimiter == "," and header.count(";") > header.count(","):
        delimiter = ";"
    try:
        columns = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error as error:
        raise UsageError(f"the first line of the table names no columns: {error}") from error
    text, tokens = reading.text_column or "text", reading.tokens_column or "tokens"
    missing = [
        c for c in (reading.text_column, reading.tokens_column, reading.labels_column) if c and c not in columns
    ]
    if missing or not {text, tokens} & set(columns):
        raise UsageError(
            f"the table has no column {missing[0] if missing else f'{text!r} or {tokens!r}'!s}; its first line names "
            f"{', '.join(columns) or 'nothing'}; say which holds the text with --text-column"
        )
    if len(set(columns)) < len(columns):
        raise UsageError(f"two columns have one name: {', '.join(columns)}; rename one")
    return _rows(lines, columns, delimiter, reading)


def _rows(lines: Iterator[bytes], columns: list[str], delimiter: str, reading: Reading) -> Iterator[ReadResult]:
    wanted = LISTS | {reading.tokens_column, reading.labels_column}
    for line, data in _records(lines, delimiter):
        try:
            text = decode(data, line)
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
            yield Read(line, sentence_of_fields(_fields(columns, cells, wanted, reading), reading))
        except csv.Error as error:
            yield Rejected(line, FormatError(f"not a row: {error}", line=line), show(data))
        except RecordError as error:
            error.line = line
            yield Rejected(line, error, show(data))


def _records(lines: Iterator[bytes], delimiter: str) -> Iterator[tuple[int, bytes]]:
    """Rows with the number of their first line, the header's being 1: lines, joined while a quoted cell is open.

    A quote that nothing closes within `FARTHEST` lines makes a row of its own line alone.
    """
    waiting, line = deque[bytes](), 1
    while True:
        if not waiting:
            waiting.extend(islice(lines, 1))
        if not waiting:
            return
        taken = 1
        while _is_open(b"".join(islice(waiting, taken)), delimiter):
            if taken == len(waiting):
                if taken == FARTHEST or (more := next(lines, None)) is None:
                    taken = 1
                    break
                waiting.append(more)
            taken += 1
        data = b"".join(waiting.popleft() for _ in range(taken))
        data = data.removesuffix(b"\n").removesuffix(b"\r")
        if data:
            yield line + 1, data
        line += taken


def _is_open(data: bytes, delimiter: str) -> bool:
    """Whether a quoted cell goes on after these lines."""
    if b'"' not in data:
        return False
    try:
        next(csv.reader(io.StringIO(show(data), newline=""), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _fields(columns: list[str], cells: list[str], lists: Iterable[str | None], reading: Reading) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise FormatError(
            f"the row has {len(cells)} cells, its header {len(columns)}; quote cells that hold separators"
        )
    text = reading.text_column or "text"
    fields: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        if name in (text, "language"):
            fields[name] = cell
        elif cell:
            value = _value(cell)
            fields[name] = value.split(" ") if name in lists and isinstance(value, str) else value
    return fields


def _value(cell: str) -> Any:
    """What a cell says: JSON where it is some, else a text."""
    if cell[:1] in '[{"0123456789-tfn':
        try:
            return msgspec.json.decode(cell)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return cell
    return cell
