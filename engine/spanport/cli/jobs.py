"""Running a job over files: progress, output, rejects, resume, summary, exit code."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from spanport.api import Engine
from spanport.cli.console import say
from spanport.cli.progress import Progress
from spanport.errors import LengthMismatchError, RecordError, StageError
from spanport.formats import Rejected, find_format, parallel
from spanport.formats.records import shown
from spanport.stream import Failed, Outcome, OutputJob, Part, Reject
from spanport.stream.execute import is_unexpected
from spanport.stream.sink import is_regular

log = logging.getLogger(__name__)

NAMED = 3
"""Rejected records that the summary names."""


class JobFiles:
    """Where a job reads and writes.

    ``fallback`` is the output's format when neither ``format`` nor the ending says; "pharaoh" is no choice to make.
    """

    def __init__(
        self,
        output: str,
        rejects: str | None,
        format: str | None,
        *,
        fallback: str,
        inputs: Sequence[str],
        fresh: bool,
    ) -> None:
        self.output, self.inputs, self.fresh = output, inputs, fresh
        self.rejects = rejects or ("spanport" if output == "-" else output) + ".rejects.jsonl"
        if fallback == "pharaoh" or (format is None and output == "-"):
            self.format = fallback
        else:
            self.format = find_format(output, format).name

    @property
    def spill(self) -> str | None:
        """Folder for spilled blocks, beside the output where that is a file: there is room, and no one else's."""
        return f"{self.output}.spill" if is_regular(self.output) else None

    def open(self, options: Any, models: str) -> OutputJob:
        """Open output, rejects and journal; the output depends on ``options`` and ``models`` (a digest) too."""
        return OutputJob(
            self.output, self.rejects, inputs=self.inputs, options=options, models=models, fresh=self.fresh
        )


class Records:
    """Feeds a stream from readers in step and remembers where each record in flight came from.

    A result that its reader rejected rejects the whole record. ``skip`` records were handed over by a run before.
    """

    def __init__(self, readers: Sequence[tuple[str, Iterator[Any]]], build: Callable[..., Any], skip: int) -> None:
        self.readers, self.build, self.skip = readers, build, skip
        self.mismatch: LengthMismatchError | None = None
        self._places: dict[int, tuple[int, str]] = {}

    def __iter__(self) -> Iterator[Any]:
        rows = parallel(*self.readers)
        for number in range(1 << 62):
            try:
                row = next(rows, None)
            except LengthMismatchError as error:
                self.mismatch = error
                return
            if row is None:
                return
            bad = next((item for item in row if isinstance(item, Rejected)), None)
            if number >= self.skip:
                self._places[number] = (row[0].line, shown(row))
            yield Failed(None, bad.error) if bad else self.build(*row)

    def place(self, number: int) -> tuple[int, str]:
        """Line and content of a record, which is then forgotten."""
        return self._places.pop(number)


def run_job(
    files: JobFiles,
    readers: Sequence[tuple[str, Iterator[Any]]],
    *,
    build: Callable[..., Any],
    outcomes: Callable[[Records, int], Iterator[Outcome]],
    encode: Callable[[Any], bytes],
    engine: Engine,
    options: Any,
    models: str,
    stats: str | None = None,
) -> int:
    """Carry a job through and report; returns the exit code.

    ``build`` makes one record of one result of each reader, ``outcomes`` the stream of results, ``encode`` the bytes
    of one; a record that the output format cannot hold is rejected like any other. A job is resumed with the same
    ``options`` and the same ``models`` (a digest; empty where it uses none) only.

    Raises LengthMismatchError, at the end, when the inputs are of different lengths, StageError when reading, writing
    or a stage fails for a reason outside the records.
    """

    internal = _Internal()

    def parts(skip: int) -> Iterator[Part]:
        records = Records(readers, build, skip)
        with closing(outcomes(records, skip)) as results:  # type: ignore[type-var]
            for number, outcome in enumerate(results, skip):
                internal.see(outcome)
                yield _part(outcome, encode, *records.place(number))
        if records.mismatch is not None:
            raise records.mismatch

    code = run_parts(files, parts, options=options, models=models, engine=engine)
    internal.report()
    if stats:
        Path(stats).write_bytes(engine.stats.snapshot().to_json())
    return code


class _Internal:
    """Records that failed by an error nobody meant to raise: more likely our mistake than theirs."""

    def __init__(self) -> None:
        self.count = 0

    def see(self, outcome: Outcome) -> None:
        """Count it if it is one; the first is logged with its traceback."""
        if isinstance(outcome, Failed) and is_unexpected(outcome.error):
            self.count += 1
            if self.count == 1:
                trace = "\n".join(getattr(outcome.error, "__notes__", ()))
                log.error("internal error in stage %s\n%s", outcome.stage, trace or repr(outcome.error))

    def report(self) -> None:
        """Say how many there were."""
        if self.count:
            say(
                f"{self.count:,} of these by internal errors: a mistake in spanport or in a runtime, not in the "
                "records; please report it with the traceback above"
            )


def run_parts(
    files: JobFiles,
    parts: Callable[[int], Iterator[Part]],
    *,
    options: Any,
    models: str = "",
    engine: Engine | None = None,
) -> int:
    """Write the outcomes of a job and report; returns the exit code. ``parts`` takes how many records to skip."""
    started = time.monotonic()
    reasons: list[str] = []
    done, line = 0, 0
    mismatch: LengthMismatchError | None = None
    with files.open(options, models) as job:
        if job.completed:
            say(f"resuming after the {job.completed:,} records of the run before")
        with Progress(files.inputs[0], engine, job.completed) as progress, closing(parts(job.completed)) as results:  # type: ignore[type-var]
            try:
                for part in results:
                    job.write(part.output, part.records, part.rejects)
                    reasons += [f"line {r.line}: {r.error}" for r in part.rejects[: NAMED - len(reasons)]]
                    done, line = done + part.records, part.line
                    progress.update(done, line)
            except LengthMismatchError as error:
                mismatch = error
            except BrokenPipeError:
                raise
            except (OSError, MemoryError) as error:
                raise _stopped(error, line) from error
        job.finish()
        _summary(done, time.monotonic() - started, job, reasons)
    if mismatch is not None:
        raise mismatch
    return 1 if job.rejected else 0


def _stopped(error: OSError | MemoryError, line: int) -> StageError:
    what = "too little memory" if isinstance(error, MemoryError) else str(error)
    return StageError(f"the job stopped {f'after line {line}' if line else 'at its start'}: {what}")


def _part(outcome: Outcome, encode: Callable[[Any], bytes], line: int, record: str) -> Part:
    """One record; one that cannot be written is rejected."""
    if isinstance(outcome, Failed):
        return Part(line, rejects=[Reject.of(line, outcome.error, record)])
    try:
        return Part(line, encode(outcome.value))
    except RecordError as error:
        return Part(line, rejects=[Reject.of(line, error, record)])


def _summary(records: int, seconds: float, job: OutputJob, reasons: Sequence[str]) -> None:
    say(f"{records:,} records in {seconds:.1f} s ({records / max(seconds, 1e-9):,.0f}/s)")
    if job.rejected:
        say(f"{job.rejected:,} rejected, see {job.rejects_path}")
        for reason in reasons:
            say(f"  {reason}")
