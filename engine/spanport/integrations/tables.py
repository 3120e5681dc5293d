"""Labels as a column of a table of pyarrow, pandas or polars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spanport.errors import RecordError, UsageError
from spanport.formats.fields import span_fields
from spanport.types import Projection

KINDS = ("pyarrow", "pandas", "polars")


def texts_of(table: Any, column: str) -> Sequence[Any]:
    """The values of a column, top to bottom.

    Raises:
        UsageError: this is no table of a kind that is known, or has no such column.
    """
    kind, names = kind_of(table), _names(table)
    if column not in names:
        raise UsageError(f"the table has no column {column!r}; it has {', '.join(map(str, names))}")
    values = table.column(column).to_pylist() if kind == "pyarrow" else list(table[column])
    return [None if value is not None and value != value else value for value in values]  # NaN is pandas' null


def with_spans(table: Any, column: str, outcomes: Iterable[Projection | RecordError]) -> Any:
    """The table with the spans of every row as a further column: lists of records, null where a row failed.

    Raises:
        UsageError: there is such a column already.
    """
    if column in _names(table):
        raise UsageError(f"the table has a column {column!r} already; name another with into=")
    spans = [_spans(outcome) for outcome in outcomes]
    kind = kind_of(table)
    if kind == "pandas":
        return table.assign(**{column: spans})
    if kind == "polars":
        import polars as pl

        offset, text = pl.Int64, pl.String
        record = pl.Struct({"start": offset, "end": offset, "label": text, "text": text, "score": pl.Float64})
        return table.with_columns(pl.Series(column, spans, dtype=pl.List(record)))
    import pyarrow as pa

    fields = [("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())]
    return table.append_column(column, pa.array(spans, pa.list_(pa.struct([*fields, ("score", pa.float64())]))))


def checked_rows(outcomes: Iterable[Any], column: str, on_error: str) -> Iterator[Any]:
    """The outcomes; with ``on_error="raise"`` an error is raised at its place, and names its row (counted from 1).

    Raises:
        UsageError: ``on_error`` is neither "raise" nor "return".
    """
    if on_error not in ("raise", "return"):
        raise UsageError(f"on_error={on_error!r}: expected 'raise' or 'return'")
    return _checked(outcomes, column, on_error)


def kind_of(table: Any) -> str:
    """The library that a table is of; UsageError where it is none that is known."""
    kind = type(table).__module__.partition(".")[0]
    if kind not in KINDS or not (hasattr(table, "shape") and hasattr(table, "columns")):
        raise UsageError(f"expected a table of {', '.join(KINDS)}, but got {type(table).__name__}")
    return kind


def _checked(outcomes: Iterable[Any], column: str, on_error: str) -> Iterator[Any]:
    for row, outcome in enumerate(outcomes, 1):
        if on_error == "raise" and isinstance(outcome, RecordError):
            message = f"row {row} of column {column!r}: {outcome}; on_error='return' puts null there and goes on"
            raise type(outcome)(message, line=row, record=outcome.record)
        if on_error == "raise" and isinstance(outcome, Exception):
            raise outcome
        yield outcome


def _names(table: Any) -> list[str]:
    return list(table.column_names if hasattr(table, "column_names") else table.columns)


def _spans(outcome: Projection | RecordError) -> list[dict[str, Any]] | None:
    if not isinstance(outcome, Projection):
        return None
    return [span_fields(outcome.target.text, span) for span in outcome.spans]
