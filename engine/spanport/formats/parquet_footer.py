"""Parquet files that stand one after the other, made one: a footer that knows the row groups of all.

So a table grows by whole row groups and a stopped job goes on with those that are there, none of which is written
twice. What pyarrow cannot do is move the offsets in a footer, which is a structure of Thrift's compact protocol
(https://github.com/apache/parquet-format, https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

MARK = b"PAR1"
TAIL = struct.Struct("<I4s")
"""How a Parquet file ends: the size of its footer, and the mark."""

SIZE = struct.Struct("<Q")
"""What `end_segment` adds: bytes of the file before it."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
ROW_COUNT, ROW_GROUPS, ORDINAL = 3, 4, 7

Fields = dict[int, tuple[int, Any]]
"""A structure: field number to type and value; a list is a pair of type and values."""

Places = dict[int, "Places | None"]
OFFSETS: Places = {1: {2: None, 3: {9: None, 10: None, 11: None, 14: None}, 4: None, 6: None}, 5: None}
"""Fields of a row group that say where something stands in the file: its columns', their metadata's, its own."""


def end_segment(file: Any) -> None:
    """Write, after a whole Parquet file, what `join_segments` finds it by."""
    file.write(SIZE.pack(file.tell()))


def join_segments(path: str) -> int:
    """Make the segments that a file consists of one Parquet file, which keeps the metadata of the first.

    Their schema must be one. Returns how many there were; of an empty file nothing is made.
    """
    with open(path, "r+b") as file:
        found = list(_footers(file))[::-1]
        if not found:
            return 0
        whole, groups = found[0][1], list[Fields]()
        for start, footer in found:
            groups += [_moved(group, OFFSETS, start) for group in footer[ROW_GROUPS][1][1]]
        for group in groups:
            group.pop(ORDINAL, None)  # counted within each segment
        whole[ROW_GROUPS] = LIST, (STRUCT, groups)
        whole[ROW_COUNT] = I64, sum(footer[ROW_COUNT][1] for _, footer in found)
        data = bytearray()
        _write(data, STRUCT, whole)
        file.seek(0, os.SEEK_END)
        file.write(bytes(data) + TAIL.pack(len(data), MARK))
    return len(found)


def _footers(file: BinaryIO) -> Iterator[tuple[int, Fields]]:
    """Where each segment begins and its footer, from the last to the first."""
    end = file.seek(0, os.SEEK_END)
    while end:
        file.seek(end - SIZE.size - TAIL.size)
        length, mark = TAIL.unpack(file.read(TAIL.size))
        (size,) = SIZE.unpack(file.read(SIZE.size))
        assert mark == MARK, "segments are ended by `end_segment`"
        file.seek(end - SIZE.size - TAIL.size - length)
        footer: Fields = _Reader(file.read(length)).value(STRUCT)
        end -= SIZE.size + size
        yield end, footer


def _moved(fields: Fields, places: Places, by: int) -> Fields:
    """The structure with its offsets moved; those that are 0 say nothing."""
    moved = dict(fields)
    for number, inner in places.items():
        kind, value = fields.get(number, (0, 0))
        if not value:
            continue
        if inner is None:
            value += by
        elif kind == LIST:
            value = value[0], [_moved(item, inner, by) for item in value[1]]
        else:
            value = _moved(value, inner, by)
        moved[number] = kind, value
    return moved


class _Reader:
    """Values from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self) -> int:
        value = shift = 0
        while (byte := self.byte()) > 127:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def signed(self) -> int:
        value = self.unsigned()
        return value >> 1 ^ -(value & 1)

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return None  # the type says it
        if kind in (I16, I32, I64):
            return self.signed()
        if kind == BINARY:
            return self.take(self.unsigned())
        if kind == LIST:
            head = self.byte()
            size = head >> 4 if head < 0xF0 else self.unsigned()
            return head & 15, [self.value(head & 15) for _ in range(size)]
        if kind == STRUCT:
            return self.fields()
        assert kind in (BYTE, DOUBLE), "footers hold neither sets nor maps"
        return self.take(1 if kind == BYTE else 8)

    def fields(self) -> Fields:
        found, number = Fields(), 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.signed()
            found[number] = head & 15, self.value(head & 15)
        return found


def _write(out: bytearray, kind: int, value: Any) -> None:
    """Append a value as `_Reader` reads it."""
    if kind in (I16, I32, I64):
        _unsigned(out, value << 1 if value >= 0 else (-value << 1) - 1)
    elif kind == BINARY:
        _unsigned(out, len(value))
        out += value
    elif kind == LIST:
        inner, items = value
        out.append(min(len(items), 15) << 4 | inner)
        if len(items) >= 15:
            _unsigned(out, len(items))
        for item in items:
            _write(out, inner, item)
    elif kind == STRUCT:
        before = 0
        for number, (inner, item) in sorted(value.items()):
            if 0 < number - before < 16:
                out.append((number - before) << 4 | inner)
            else:
                out.append(inner)
                _write(out, I16, number)
            _write(out, inner, item)
            before = number
        out.append(0)
    elif value is not None:
        out += value


def _unsigned(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
