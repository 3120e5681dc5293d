"""Line-parallel files as blocks of parsed records; memory is bounded by the block, not by the file."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from spanport.errors import LengthMismatchError, UsageError
from spanport.formats.conll import HEAD, is_labelled
from spanport_kernels.parse import NEWLINE, Conll, Pharaoh, parse_conll, parse_pharaoh

BLOCK = 1 << 21
"""Bytes read from a file at a time."""

RECORDS = 8192
"""Most records in a block."""

ALL = 1 << 62
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Feed:
    """A file as a window of bytes that is read at one end and let go at the other."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = open(path, "rb")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise UsageError(f"cannot open {path}: {error.strerror or error}") from error
        self.buffer = np.empty(0, np.uint8)
        self.final = False
        self._read()
        if self.buffer[:3].tobytes() == BYTE_ORDER_MARK:
            self.buffer = self.buffer[3:]

    def _read(self) -> None:
        data = np.fromfile(self._file, np.uint8, BLOCK)
        self.final = data.size < BLOCK
        self.buffer = np.concatenate([self.buffer, data])

    def parse(self, limit: int) -> Conll | Pharaoh:
        """The records of the window, at most ``limit``."""
        raise NotImplementedError

    def at_least_one(self, limit: int) -> Conll | Pharaoh:
        """As `parse`, reading on until there is a whole record or the file ends."""
        parsed = self.parse(limit)
        while not len(parsed.records) and limit and not self.final:
            self._read()
            parsed = self.parse(limit)
        return parsed

    def drop(self, parsed: Conll | Pharaoh) -> None:
        """Let go of the bytes of these records."""
        if len(parsed.records):
            self.buffer = self.buffer[parsed.records[-1, 1] :]

    def rest(self) -> int:
        """Read to the end; returns how many records there were."""
        count = 0
        while len((parsed := self.at_least_one(ALL)).records):
            count += len(parsed.records)
            self.drop(parsed)
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ConllFeed(Feed):
    """A CoNLL file; ``labelled`` as its first lines say."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        while not self.final and np.count_nonzero(self.buffer == NEWLINE) < HEAD:
            self._read()
        self.labelled = is_labelled(self.buffer.tobytes().split(b"\n", HEAD)[:HEAD])

    def parse(self, limit: int) -> Conll:
        return parse_conll(self.buffer, labelled=self.labelled, final=self.final, limit=limit)


class PharaohFeed(Feed):
    """A file of alignments."""

    def parse(self, limit: int) -> Pharaoh:
        return parse_pharaoh(self.buffer, final=self.final, limit=limit)


class Block(NamedTuple):
    """Records that all three files have; byte ranges refer to the feeds' buffers. ``first`` is the line before."""

    source: Conll
    target: Conll
    links: Pharaoh
    first: int


class Feeds:
    """Source, target and alignments in step."""

    def __init__(self, source: str, target: str, alignments: str) -> None:
        self.source, self.target, self.links = ConllFeed(source), ConllFeed(target), PharaohFeed(alignments)
        self.all: tuple[Feed, ...] = (self.source, self.target, self.links)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for feed in self.all:
            feed.close()

    def blocks(self) -> Iterator[Block]:
        """All records, block by block; a block's buffers hold until the next is asked for.

        Raises LengthMismatchError at the end when one file has more.
        """
        done = line = 0
        while True:
            limit, parsed = RECORDS, []
            for feed in self.all:
                parsed.append(feed.at_least_one(limit))
                limit = len(parsed[-1].records)
            if not limit:
                break
            source, target, links = (_first(part, limit) for part in parsed)
            assert isinstance(source, Conll)
            assert isinstance(target, Conll)
            assert isinstance(links, Pharaoh)
            yield Block(source, target, links, line)
            done += limit
            line += int(source.lines[-1])
            self.source.drop(source)
            self.target.drop(target)
            self.links.drop(links)
        counts = [done + feed.rest() for feed in self.all]
        if len(set(counts)) > 1:
            each = ", ".join(f"{feed.path} has {count:,}" for feed, count in zip(self.all, counts, strict=True))
            raise LengthMismatchError(f"files must have the same number of records: {each}")


def _first(parsed: Conll | Pharaoh, count: int) -> Conll | Pharaoh:
    """The first ``count`` records."""
    offsets: npt.NDArray[np.int64] = parsed.offsets[: count + 1]
    total = int(offsets[-1])
    records, flags = parsed.records[:count], parsed.flags[:count]
    if isinstance(parsed, Pharaoh):
        return Pharaoh(parsed.links[:total], offsets, records, flags)
    return Conll(parsed.words[:total], parsed.labels[:total], offsets, records, parsed.lines[: count + 1], flags)
