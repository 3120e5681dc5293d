"""Running a job over files: progress, output, rejects, resume, summary, exit code."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from spanport.api import Engine
from spanport.cli.console import say
from spanport.cli.files import JobFiles
from spanport.cli.progress import Progress
from spanport.errors import LengthMismatchError, RecordError, StageError
from spanport.formats import Rejected, parallel
from spanport.formats.records import shown
from spanport.job import Job
from spanport.output import Output, Part, Reject
from spanport.shown import counted
from spanport.stream import Failed, Outcome
from spanport.stream.stage import is_unexpected

log = logging.getLogger(__name__)

NAMED = 3
"""Rejected records that the summary names."""


class Records:
    """Feeds a stream from readers in step and remembers where each record in flight came from.

    A result that its reader rejected rejects the whole record. ``skip`` records were handed over by a run before.
    """

    def __init__(self, readers: Sequence[tuple[str, Iterator[Any]]], build: Callable[..., Any], skip: int) -> None:
        self.readers, self.build, self.skip = readers, build, skip
        self.mismatch: LengthMismatchError | None = None
        self._places: dict[int, tuple[int, str, str]] = {}

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
                self._places[number] = (row[0].line, shown(row), row[0].file or self.readers[0][0])
            yield Failed(None, bad.error) if bad else self.build(*row)

    def place(self, number: int) -> tuple[int, str, str]:
        """Line, content and file of a record, which is then forgotten."""
        return self._places.pop(number)


def run_job(
    files: JobFiles,
    readers: Sequence[tuple[str, Iterator[Any]]],
    *,
    build: Callable[..., Any],
    encode: Callable[[Any], bytes],
    engine: Engine,
    job: Job,
    documents: Callable[[], Sequence[tuple[str, Iterator[Any]]]] | None = None,
) -> int:
    """Carry a job through and report; returns the exit code.

    ``build`` makes one record of one result of each reader, ``encode`` the bytes of one result; a record that the
    output format cannot hold is rejected like any other. With ``documents``, which opens the readers once more, the
    sentences of a record are processed.

    Raises LengthMismatchError, at the end, when the inputs are of different lengths, StageError when reading, writing
    or a stage fails for a reason outside the records.
    """

    internal = _Internal()

    def parts(output: Output) -> Iterator[Part]:
        records = Records(readers, build, output.completed)
        if documents:
            results = _of_documents(engine, job, records, Records(documents(), build, 1 << 62), output)
        else:
            results = engine.run(job, records, skip=output.completed, waiting=output.tick)
        with closing(results):  # type: ignore[type-var]
            for number, outcome in enumerate(results, output.completed):
                internal.see(outcome)
                yield _part(outcome, encode, *records.place(number))
        if records.mismatch is not None:
            raise records.mismatch

    code = run_parts(files, parts, job, engine)
    internal.report()
    if files.stats:
        Path(files.stats).write_bytes(engine.stats.snapshot().to_json())
    return code


def _of_documents(
    engine: Engine, job: Job, records: Iterable[Any], again: Iterable[Any], output: Output
) -> Iterator[Outcome]:
    """The outcomes of documents; ``again`` are the same, to count the sentences that a run before has done."""
    from spanport.documents import Documents, count_sentences

    documents, before = Documents(), count_sentences(islice(again, output.completed))
    sentences = documents.split(records, output.completed)
    return documents.join(engine.run(job, sentences, skip=before, waiting=output.tick))


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
    files: JobFiles, parts: Callable[[Output], Iterator[Part]], job: Job, engine: Engine | None = None
) -> int:
    """Write the outcomes of a job and report; returns the exit code. ``parts`` starts where the output ends."""
    started = time.monotonic()
    reasons: list[str] = []
    done, line = 0, 0
    mismatch: LengthMismatchError | None = None
    with files.open(job) as output:
        if output.completed:
            say(f"resuming after the {counted(output.completed, 'record')} of the run before")
        with Progress(files.inputs[0], engine, output.completed) as progress, closing(parts(output)) as results:  # type: ignore[type-var]
            try:
                for part in results:
                    output.write(part.output, part.records, part.rejects)
                    reasons += [f"line {r.line}: {r.error}" for r in part.rejects[: NAMED - len(reasons)]]
                    done, line = done + part.records, part.line
                    progress.update(done, line)
            except LengthMismatchError as error:
                mismatch = error
            except BrokenPipeError:
                raise
            except (OSError, MemoryError) as error:
                raise _stopped(error, line) from error
        files.finish(output)
        _summary(done, time.monotonic() - started, output, reasons)
    if mismatch is not None:
        raise mismatch
    return 1 if output.rejected else 0


def _stopped(error: OSError | MemoryError, line: int) -> StageError:
    what = "too little memory" if isinstance(error, MemoryError) else str(error)
    return StageError(f"the job stopped {f'after line {line}' if line else 'at its start'}: {what}")


def _part(outcome: Outcome, encode: Callable[[Any], bytes], line: int, record: str, file: str) -> Part:
    """One record; one that cannot be written is rejected."""
    if isinstance(outcome, Failed):
        return Part(line, rejects=[Reject.of(line, outcome.error, record, file)])
    try:
        return Part(line, encode(outcome.value))
    except RecordError as error:
        return Part(line, rejects=[Reject.of(line, error, record, file)])


def _summary(records: int, seconds: float, output: Output, reasons: Sequence[str]) -> None:
    rate = records / max(seconds, 1e-9)
    say(f"{counted(records, 'record')} in {seconds:.1f} s ({rate:,.{0 if rate >= 10 else 1}f}/s)")
    if output.rejected:
        say(f"{output.rejected:,} rejected, see {output.rejects_path}")
        for reason in reasons:
            say(f"  {reason}")
