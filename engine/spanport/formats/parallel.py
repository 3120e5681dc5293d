"""Reading line-parallel files in step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spanport.errors import LengthMismatchError
from spanport.formats.records import Read, ReadAlignment, Rejected

Item = Read | ReadAlignment | Rejected


def parallel(*readers: tuple[str, Iterator[Item]]) -> Iterator[tuple[Any, ...]]:
    """One tuple of results per record, as long as every reader has one.

    Args:
        readers: each with the name that messages call it by, usually its path.

    Raises:
        LengthMismatchError: after the last whole tuple, when some readers have more; the message gives every
            count and where the first record without a counterpart starts.
    """
    names = [name for name, _ in readers]
    streams = [stream for _, stream in readers]
    count = 0
    while True:
        items = [next(stream, None) for stream in streams]
        if None in items:
            break
        count += 1
        yield tuple(items)
    if any(item is not None for item in items):
        raise LengthMismatchError(_mismatch(names, streams, items, count))


def _mismatch(names: list[str], streams: list[Iterator[Item]], items: list[Item | None], count: int) -> str:
    counts = []
    for name, stream, item in zip(names, streams, items, strict=True):
        total = count if item is None else count + 1 + sum(1 for _ in stream)
        counts.append(f"{name} has {total}")
    longer, extra = next((name, item) for name, item in zip(names, items, strict=True) if item is not None)
    shorter = names[items.index(None)]
    return (
        f"files must have the same number of records: {', '.join(counts)}; record {count + 1} "
        f"(line {extra.line} of {longer}) has no counterpart in {shorter}"
    )
