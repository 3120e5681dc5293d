"""Line-parallel files as blocks of parsed records; memory is bounded by the window, not by the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from spanport.errors import LengthMismatchError, UsageError
from spanport.formats.conll import HEAD, is_labelled, refuse_table
from spanport_kernels.parse import NEWLINE, Conll, parse_conll
from spanport_kernels.pharaoh import Pharaoh, parse_pharaoh

WINDOW = 1 << 19
"""Bytes of a file that are looked at together; more where a record is longer."""

ALL = 1 << 62
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Parsed = TypeVar("Parsed", Conll, Pharaoh)


class Feed(Generic[Parsed]):
    """A file as a window of bytes that moves on when all its records are taken.

    ``buffer`` is the window (of ``window`` bytes, or `WINDOW`), to which the byte ranges of its records refer;
    ``done`` records of the file are taken. At least ``least`` records are at hand until the end of the file.
    """

    def __init__(self, path: str, window: int = 0, least: int = 1) -> None:
        self.path, self.done, self._least = path, 0, least
        try:
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise UsageError(f"cannot open {path}: {error.strerror or error}") from error
        self._space = np.empty(window or WINDOW, np.uint8)
        self.buffer = self._space[:0]
        self.final = False
        self._read(0)
        if self.buffer[:3].tobytes() == BYTE_ORDER_MARK:
            self.buffer = self.buffer[3:]
        self._begin()
        self._parsed: Parsed = self._parse()
        self._taken = 0

    def _begin(self) -> None:
        """Look at how the file begins."""

    def _read(self, used: int) -> None:
        """Let go of the first bytes of the window and read on; where that makes no room the window grows."""
        rest = self.buffer[used:]
        if rest.size == self._space.size:
            self._space = np.empty(2 * rest.size, np.uint8)
        self._space[: rest.size] = rest
        size = rest.size
        while size < self._space.size and not self.final:
            more = self._file.readinto(self._space[size:].data)
            self.final = not more
            size += more
        self.buffer = self._space[:size]

    def _parse(self) -> Parsed:
        """The records of the window."""
        raise NotImplementedError

    def _part(self, begin: int, end: int) -> Parsed:
        """Some records of the window."""
        raise NotImplementedError

    def ready(self) -> int:
        """How many records are at hand, in the next window where this one has too few; 0 at the end of the file."""
        while (left := len(self._parsed.records) - self._taken) < self._least and not self.final:
            self._read(int(self._parsed.records[self._taken - 1, 1]) if self._taken else 0)
            self._parsed, self._taken = self._parse(), 0
        return left

    def take(self, count: int) -> Parsed:
        """The next records, of those at hand."""
        begin, self._taken = self._taken, self._taken + count
        self.done += count
        return self._part(begin, self._taken)

    def skip(self, count: int) -> None:
        """Pass over the next records, of which there may be fewer."""
        while count and (ready := min(count, self.ready())):
            self.take(ready)
            count -= ready

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ConllFeed(Feed[Conll]):
    """A CoNLL file; ``labelled`` as its first lines say. Lines are counted from the beginning of the file."""

    def _begin(self) -> None:
        while not self.final and np.count_nonzero(self.buffer == NEWLINE) < HEAD:
            self._read(0)
        head = self.buffer.tobytes().split(b"\n", HEAD)[:HEAD]
        refuse_table(head)
        self.labelled = is_labelled(head)
        self._line = 0

    def _parse(self) -> Conll:
        parsed = parse_conll(self.buffer, labelled=self.labelled, final=self.final)
        parsed.lines[:] += self._line
        self._line = int(parsed.lines[-1])
        return parsed

    def _part(self, begin: int, end: int) -> Conll:
        words, labels, offsets, records, lines, flags = self._parsed
        first, last = offsets[begin], offsets[end]
        return Conll(
            words[first:last],
            labels[first:last],
            offsets[begin : end + 1] - first,
            records[begin:end],
            lines[begin : end + 1],
            flags[begin:end],
        )


class PharaohFeed(Feed[Pharaoh]):
    """A file of alignments."""

    def _parse(self) -> Pharaoh:
        return parse_pharaoh(self.buffer, final=self.final)

    def _part(self, begin: int, end: int) -> Pharaoh:
        links, offsets, records, flags = self._parsed
        first, last = offsets[begin], offsets[end]
        return Pharaoh(links[first:last], offsets[begin : end + 1] - first, records[begin:end], flags[begin:end])


class Block(NamedTuple):
    """Records that all three files have at hand."""

    source: Conll
    target: Conll
    links: Pharaoh


class Feeds:
    """Source, target and alignments in step."""

    def __init__(self, source: str, target: str, alignments: str) -> None:
        self.source, self.target, self.links = ConllFeed(source), ConllFeed(target), PharaohFeed(alignments)
        self.all: tuple[Feed[Any], ...] = (self.source, self.target, self.links)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for feed in self.all:
            feed.close()

    def blocks(self, skip: int = 0) -> Iterator[Block]:
        """All records after the first ``skip``, block by block; the feeds' buffers hold until the next is asked for.

        Raises LengthMismatchError at the end when one file has more.
        """
        return (Block(*parts) for parts in in_step(self.all, skip))


class Taking(Protocol):
    """What records are taken from in step: a `Feed`, or a table."""

    path: str
    done: int

    def ready(self) -> int:
        """How many records can be taken now; 0 at the end."""

    def take(self, count: int) -> Any:
        """The next records."""

    def skip(self, count: int) -> None:
        """Pass over the next records, of which there may be fewer."""


def in_step(feeds: Sequence[Taking], skip: int = 0, most: int = ALL) -> Iterator[list[Any]]:
    """What all have at hand after the first ``skip``, at most so many records at a time.

    Raises LengthMismatchError at the end when one has more.
    """
    for feed in feeds:
        feed.skip(skip)
    while count := min(most, *(feed.ready() for feed in feeds)):
        yield [feed.take(count) for feed in feeds]
    for feed in feeds:
        feed.skip(ALL)
    if len({feed.done for feed in feeds}) > 1:
        each = ", ".join(f"{feed.path} has {feed.done:,}" for feed in feeds)
        raise LengthMismatchError(f"files must have the same number of records: {each}")
