"""The writing side of a command: committed output, rejects, resume."""

from __future__ import annotations

import contextlib
import errno
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from spanport.errors import JournalError, StageError, UsageError
from spanport.output.files import check_distinct, check_free, is_regular
from spanport.output.journal import Commit, Journal, header, is_there
from spanport.output.records import REJECT_MARK, Reject
from spanport.output.sink import Sink
from spanport.shown import counted

log = logging.getLogger(__name__)

_MOST_PENDING = 1 << 20
"""Bytes held in memory at most before they are written."""


class _Pending(msgspec.Struct, frozen=True):
    """Records, the rejects among them, and what both files say of them."""

    records: int
    rejected: int
    output: bytes
    rejects: bytes


class _Ledger(msgspec.Struct):
    """How far a job is: ``safe`` on disk and in the journal, ``written``, and what it has taken since.

    ``size`` bytes are pending in all; ``since`` is when it was last made safe. Always replaced as a whole, so that an
    interrupt finds it consistent at any moment.
    """

    safe: Commit
    written: Commit
    pending: list[_Pending]
    size: int
    since: float


class Output:
    """Writes a command's output and rejects so that a killed run can go on and end with the same bytes.

    ``path`` is written in place (``-`` is standard output) under a lock; every ``interval`` seconds all whole records
    are forced to disk, and only then noted in ``PATH.journal`` (of a compressed file: all whole members, of 64 kB). A
    run that finds a journal of the same ``job`` (anything msgspec can encode) on the same ``inputs`` cuts both files
    back to the last commit whose bytes are there, and ``completed`` says how many records to skip. `finish` removes
    the journal; leaving the ``with`` block in any other way commits the whole records so far. A rejects file that
    nothing was written to is removed.

    Where input or output is not a regular file nothing can be resumed: there is no journal, and each record is
    written at once. Nothing that was there before is replaced unless ``fresh``. ``stats`` is a file that the caller
    writes at the end.

    Raises JournalError when the journal belongs to another job, or what it speaks of was changed, unless ``fresh``;
    when another process writes the file, or the journal's name is taken; UsageError when two of the files are one, or
    one is there already; StageError when the output cannot be written (a full disk): the files then end with the last
    committed record, and the job can be resumed.
    """

    def __init__(
        self,
        path: str | Path,
        rejects: str | Path,
        *,
        inputs: Sequence[str | Path] = (),
        job: Any = None,
        stats: str | None = None,
        fresh: bool = False,
        interval: float = 1.0,
    ) -> None:
        self.rejects_path = Path(rejects)
        regular = is_regular(path)
        journal = Path(f"{Path(path).resolve()}.journal") if regular else None
        check_distinct(inputs, {"output": path, "rejects": rejects, "journal": journal, "statistics": stats})
        resumable = journal is not None and all(Path(file).is_file() for file in inputs)
        resumed = journal is not None and is_there(journal) and not fresh
        if resumed and not resumable:
            raise JournalError(f"{journal} belongs to an unfinished job on files; complete it, or pass --fresh")
        if not fresh and not resumed:
            for file in (path, rejects):
                check_free(file, "--fresh")
        with contextlib.ExitStack() as undo, _clearly(path):
            self._output = Sink(path)
            undo.callback(self._output.close, unused=True)
            self._rejects = Sink(rejects, optional=True)
            undo.callback(self._rejects.close)
            self._journal = Journal(journal, header(inputs, job), fresh=fresh) if journal and resumable else None
            done = self._last_whole() if self._journal and resumed else Commit()
            undo.pop_all()
        if journal and not resumable:
            journal.unlink(missing_ok=True)
        self._interval = interval if self._journal or self._output.compressed else 0.0
        self._ledger = _Ledger(done, done, [], 0, time.monotonic())
        self._ended = self._begun = self._finished = False
        if not fresh:
            self._begin()
        self.completed = done.records
        self.rejected = done.rejected

    def _begin(self) -> None:
        """Drop what the run before left unfinished; with ``fresh``, at the last moment, what was there."""
        self._begun = True
        self._cut()

    def _last_whole(self) -> Commit:
        """The last commit whose bytes are all there (a power cut can lose some of the last)."""
        assert self._journal is not None
        sinks = self._output, self._rejects
        done = Commit()
        for commit in self._journal.commits:
            if self._output.holds(commit.output.size) and self._rejects.holds(commit.rejects.size):
                done = commit
        for sink, extent in zip(sinks, (done.output, done.rejects), strict=True):
            if sink.seekable and sink.checksum(extent.size) != extent.crc32:
                raise JournalError(
                    f"{sink.name} is not as the run before left it; put it back, or start over with --fresh"
                )
        if self._rejects.seekable and not self._rejects.starts(done.rejects.size, REJECT_MARK):
            raise JournalError(f"{self._rejects.name} holds what no run wrote; name another file with --rejects")
        return done

    def write(self, output: bytes, records: int = 1, rejects: Sequence[Reject] = ()) -> None:
        """Take the next records: the output of all of them, and those among them that are rejected."""
        self.rejected += len(rejects)
        lines = b"".join([reject.encode() for reject in rejects])
        ledger = self._ledger
        ledger.pending.append(_Pending(records, len(rejects), output, lines))
        ledger.size += len(output) + len(lines)
        if ledger.size >= _MOST_PENDING:
            self._settle(durably=False)
        self.tick()

    def tick(self) -> None:
        """Commit if it is time; to be called now and then while no records come."""
        if time.monotonic() - self._ledger.since >= self._interval:
            self.commit()

    def commit(self) -> None:
        """Force all records so far to disk."""
        self._settle(durably=True)

    def _settle(self, *, durably: bool, last: bool = False) -> None:
        try:
            if self._ledger.pending or last:
                self._flush(self._ledger, last=last)
            if durably:
                self._secure(self._ledger)
        except OSError as error:
            self._give_up(error)

    def _flush(self, ledger: _Ledger, *, last: bool) -> None:
        """Write what is pending, of a compressed file what makes whole members."""
        if not self._begun:
            self._begin()
        output, count = self._output.encode([part.output for part in ledger.pending], last=last)
        done, rest = ledger.pending[:count], ledger.pending[count:]
        lines = b"".join([part.rejects for part in done])
        before = ledger.written
        now = Commit(
            before.records + sum(part.records for part in done),
            before.rejected + sum(part.rejected for part in done),
            before.output.then(output),
            before.rejects.then(lines),
        )
        self._output.write(before.output.size, output)
        self._rejects.write(before.rejects.size, lines)
        size = sum(len(part.output) + len(part.rejects) for part in rest)
        self._ledger = _Ledger(ledger.safe, now, rest, size, ledger.since)

    def _secure(self, ledger: _Ledger) -> None:
        """Force what is written to disk and note it."""
        if self._journal and ledger.written != ledger.safe:
            self._output.sync()
            self._rejects.sync()
            self._journal.commit(ledger.written)
            log.debug("%s: %d records are safe on disk", self._output.name, ledger.written.records)
        self._ledger = _Ledger(ledger.written, ledger.written, ledger.pending, ledger.size, time.monotonic())

    def _give_up(self, error: OSError) -> None:
        if error.errno == errno.EPIPE:
            self._ended = True
            raise error
        self._cut()
        self._ended = True
        again = "; mend that and run the same command again to go on" if self._journal else ""
        raise StageError(
            f"cannot write {error.filename or self._output.name}: {error.strerror or error} "
            f"({counted(self._ledger.safe.records, 'record')} complete{again})"
        ) from error

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._output.cut(self._ledger.safe.output.size)
            self._rejects.cut(self._ledger.safe.rejects.size)

    def finish(self) -> None:
        """The job is complete."""
        self._settle(durably=True, last=True)
        self._finished = True
        if self._journal:
            self._journal.remove()
        self._close(kept=True)

    def _close(self, *, kept: bool) -> None:
        """Let the files go; where nothing was written to them, as they were before."""
        self._ended = True
        if self._journal:
            self._journal.close() if kept else self._journal.remove()
        self._output.close(unused=not kept)
        self._rejects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            ledger = self._ledger
            if not self._ended and self._output.seekable and (ledger.pending or ledger.written != ledger.safe):
                self._settle(durably=True, last=self._journal is None)
        except BaseException:
            self._cut()
            raise
        finally:
            self._close(kept=self._finished or self._ledger.written.records > 0)


@contextlib.contextmanager
def _clearly(path: str | Path) -> Any:
    """Errors of opening as UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or path}: {error.strerror}") from error
