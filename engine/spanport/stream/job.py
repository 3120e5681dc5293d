"""The writing side of a command: committed output, rejects, resume."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from spanport.errors import JournalError, StageError, UsageError
from spanport.stream.journal import Commit, Journal, fingerprint
from spanport.stream.rejects import Reject
from spanport.stream.sink import Sink, is_regular

_MOST_PENDING = 1 << 20
"""Bytes held in memory at most before they are written."""


class Part(msgspec.Struct, frozen=True):
    """What became of records that follow one another.

    ``line`` is the one on which the last of the ``records`` begins in the source file; ``output`` is that of all of
    them, and those among ``rejects`` have none of it.
    """

    line: int
    output: bytes = b""
    records: int = 1
    rejects: Sequence[Reject] = ()


class _Ledger(msgspec.Struct):
    """How far a job is: ``safe`` on disk and in the journal, ``written``, and what it has taken since.

    ``pending`` has the records, the rejects among them, output and reject lines of each part; ``size`` bytes in all.
    Always replaced as a whole, so that an interrupt finds it consistent at any moment.
    """

    safe: Commit
    written: Commit
    pending: list[tuple[int, int, bytes, bytes]]
    size: int
    since: float


class OutputJob:
    """Writes a command's output and rejects so that a killed run can go on and end with the same bytes.

    ``output`` is written in place (``-`` is standard output), a megabyte at a time; every ``interval`` seconds all
    whole records are forced to disk, and only then noted in ``OUTPUT.journal``. A run that finds a journal cuts both
    files back to the last commit whose bytes are there, and ``completed`` says how many records to skip. `finish`
    removes the journal; leaving the ``with`` block in any other way commits the whole records so far. The rejects
    file is made when the first reject comes.

    Where input or output is not a regular file nothing can be resumed: there is no journal, and each record is
    written at once.

    ``options`` and ``models`` (a digest) are what the output depends on besides the inputs.

    Raises JournalError when the journal belongs to another input, other models or options, unless ``fresh``;
    UsageError when two of the files are one; StageError when the output cannot be written (a full disk): the files
    then end with the last committed record, and the job can be resumed.
    """

    def __init__(
        self,
        output: str | Path,
        rejects: str | Path,
        *,
        inputs: Sequence[str | Path],
        options: Any = None,
        models: str = "",
        fresh: bool = False,
        interval: float = 2.0,
    ) -> None:
        self.rejects_path = Path(rejects)
        paths = [Path(path) for path in inputs]
        _distinct([*paths, Path(output), self.rejects_path])
        done = Commit()
        try:
            self._journal = _journal(output, paths, (options, models), fresh)
            if self._journal:
                done = _last_whole(self._journal.commits, Path(output), self.rejects_path)
            self._output = Sink(output, done.output, lazy=False)
            self._rejects = Sink(self.rejects_path, done.rejects, lazy=True)
        except OSError as error:
            raise UsageError(f"cannot write {error.filename or output}: {error.strerror}") from error
        self._interval = interval if self._journal else 0.0
        self._ledger = _Ledger(done, done, [], 0, time.monotonic())
        self._ended = False
        self.completed = done.records
        self.rejected = done.rejected

    def write(self, output: bytes, records: int = 1, rejects: Sequence[Reject] = ()) -> None:
        """Take the next records: the output of all of them, and those among them that are rejected."""
        self.rejected += len(rejects)
        lines = b"".join([reject.encode() for reject in rejects])
        ledger = self._ledger
        ledger.pending.append((records, len(rejects), output, lines))
        ledger.size += len(output) + len(lines)
        due = time.monotonic() - ledger.since >= self._interval
        if due or ledger.size >= _MOST_PENDING:
            self._settle(durably=due)

    def commit(self) -> None:
        """Force all records so far to disk."""
        self._settle(durably=True)

    def _settle(self, *, durably: bool) -> None:
        try:
            if self._ledger.pending:
                self._flush(self._ledger)
            if durably:
                self._secure(self._ledger)
        except OSError as error:
            self._give_up(error)

    def _flush(self, ledger: _Ledger) -> None:
        """Write what is pending."""
        records, rejected, outputs, rejects = zip(*ledger.pending, strict=True)
        output, lines = b"".join(outputs), b"".join(rejects)
        before = ledger.written
        now = Commit(
            before.records + sum(records),
            before.rejected + sum(rejected),
            before.output + len(output),
            before.rejects + len(lines),
        )
        self._output.write(before.output, output)
        self._rejects.write(before.rejects, lines)
        self._ledger = _Ledger(ledger.safe, now, [], 0, ledger.since)

    def _secure(self, ledger: _Ledger) -> None:
        """Force what is written to disk and note it."""
        if self._journal and ledger.written != ledger.safe:
            self._output.sync()
            self._rejects.sync()
            self._journal.commit(ledger.written)
        self._ledger = _Ledger(ledger.written, ledger.written, [], 0, time.monotonic())

    def _give_up(self, error: OSError) -> None:
        if error.errno == errno.EPIPE:
            self._ended = True
            raise error
        self._cut()
        self._ended = True
        again = "; mend that and run the same command again to go on" if self._journal else ""
        raise StageError(
            f"cannot write {error.filename or self._output.name}: {error.strerror or error} "
            f"({self._ledger.safe.records:,} records are complete{again})"
        ) from error

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._output.cut(self._ledger.safe.output)
            self._rejects.cut(self._ledger.safe.rejects)

    def finish(self) -> None:
        """The job is complete."""
        self.commit()
        self._close()
        if self._journal:
            self._journal.remove()

    def _close(self) -> None:
        self._ended = True
        self._output.close()
        self._rejects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._ended and self._output.seekable:
                self.commit()
        except BaseException:
            self._cut()
            raise
        finally:
            self._close()
            if self._journal:
                self._journal.close()


def _journal(output: str | Path, inputs: Sequence[Path], settings: tuple[Any, str], fresh: bool) -> Journal | None:
    """The job's journal; None where the job could not be resumed."""
    if not is_regular(output):
        return None
    path = Path(f"{output}.journal")
    if fresh:
        path.unlink(missing_ok=True)
    if all(file.is_file() for file in inputs):
        return Journal(path, fingerprint(inputs, *settings))
    if path.exists():
        raise JournalError(f"{path} belongs to an unfinished job on files; complete it, or start over with --fresh")
    return None


def _distinct(paths: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in paths:
        if path != Path("-") and is_regular(path):
            if path.resolve() in seen:
                raise UsageError(f"{path} is named twice among input, output and rejects; name different files")
            seen.add(path.resolve())


def _last_whole(commits: Sequence[Commit], output: Path, rejects: Path) -> Commit:
    """The last commit whose bytes are all there (a power cut can lose some of the last)."""
    sizes = [path.stat().st_size if path.exists() else 0 for path in (output, rejects)]
    return next((c for c in reversed(commits) if c.output <= sizes[0] and c.rejects <= sizes[1]), Commit())
