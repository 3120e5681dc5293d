"""The Arrow types of records, found by going through them once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from spanport.formats.extras import library

EXTRA = "parquet"
JSON = {b"spanport": b"json"}
"""Metadata of a column whose values are JSON texts."""

BATCH = 1024


def schema_of(records: Iterable[dict[str, Any]]) -> Any:
    """The schema of records: our fields by their types, others by what their values are."""
    pa = library("pyarrow", EXTRA)
    found: dict[str, Any] = {}
    names, sources = set[str](), set[str]()
    batch: list[dict[str, Any]] = []
    ours = _known(pa)
    for fields in records:
        if fields.keys() <= ours.keys():  # nothing to find out
            names |= fields.keys()
            continue
        sources.update(*(span["source"] for span in fields.get("spans", ()) if "source" in span))
        batch.append(fields)
        if len(batch) == BATCH:
            _learn(pa, batch, found)
            batch = []
    _learn(pa, batch, found)
    known = _known(pa, sources)
    found = {name: pa.int64() if kind == pa.int32() else kind for name, kind in found.items()}
    found = {**{name: known[name] for name in known if name in names}, **found}
    columns = [
        pa.field(name, pa.string(), metadata=JSON) if kind is None else pa.field(name, known.get(name, kind))
        for name, kind in found.items()
    ]
    return pa.schema(columns + [pa.field(name, known[name]) for name in ("text", "spans") if name not in found])


def json_columns(schema: Any) -> frozenset[str]:
    """The columns whose values are JSON texts."""
    return frozenset(field.name for field in schema if field.metadata == JSON)


def to_row(fields: dict[str, Any], json: frozenset[str]) -> dict[str, Any]:
    """A record as a row, of which ``json`` columns hold JSON."""
    if not json:
        return fields
    return {name: msgspec.json.encode(value).decode() if name in json else value for name, value in fields.items()}


def _known(pa: Any, sources: Collection[str] = ()) -> dict[str, Any]:
    """Our fields; ``sources``: what the source spans of spans have."""
    span = [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("label", pa.string()),
        ("text", pa.string()),
        ("score", pa.float64()),
    ]
    if sources:
        span.append(("source", pa.struct([field for field in span if field[0] in sources])))
    return {
        "text": pa.string(),
        "language": pa.string(),
        "tokens": pa.list_(pa.string()),
        "spans": pa.list_(pa.struct(span)),
    }


def _learn(pa: Any, batch: list[dict[str, Any]], found: dict[str, Any]) -> None:
    """Widen the types found so far by those of a batch; None stands for JSON, null for no value so far."""
    known = _known(pa)
    for name in dict.fromkeys(name for fields in batch for name in fields):
        if name in known:
            found[name] = known[name]
            continue
        values = [value for fields in batch if (value := fields.get(name)) is not None]
        found[name] = _wider(pa, found.get(name, pa.null()), _type_of(pa, values) if values else pa.null())


def _type_of(pa: Any, values: list[Any]) -> Any:
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    if _is_empty(pa, array.type) or array.to_pylist() != values:
        return None
    small = pa.types.is_int64(array.type) and all(-(2**31) <= value < 2**31 for value in values)
    return pa.int32() if small else array.type


def _wider(pa: Any, one: Any, other: Any) -> Any:
    """The type that holds the values of both as they are; None where there is none. 32 bits are of small integers."""
    types = pa.types
    if one is None or other is None or one == other or types.is_null(other):
        return one if other is not None else None
    if types.is_null(one):
        return other
    if types.is_list(one) and types.is_list(other):
        inner = _wider(pa, one.value_type, other.value_type)
        return None if inner is None else pa.list_(inner)
    if types.is_struct(one) and types.is_struct(other) and [f.name for f in one] == [f.name for f in other]:
        fields = [(f.name, _wider(pa, f.type, g.type)) for f, g in zip(one, other, strict=True)]
        return None if None in [kind for _, kind in fields] else pa.struct(fields)
    if pa.int32() in (one, other):
        number = other if one == pa.int32() else one
        return number if types.is_int64(number) or types.is_float64(number) else None
    return None


def _is_empty(pa: Any, kind: Any) -> bool:
    """Whether a type holds a structure without fields, which Parquet has not."""
    if pa.types.is_list(kind):
        return _is_empty(pa, kind.value_type)
    return pa.types.is_struct(kind) and (not kind.num_fields or any(_is_empty(pa, field.type) for field in kind))
