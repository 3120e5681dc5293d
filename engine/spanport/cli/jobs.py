"""Running a job over files: progress, output, rejects, resume, summary, exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from spanport.api import Engine
from spanport.cli.console import say, stderr
from spanport.errors import LengthMismatchError, RecordError
from spanport.formats import Rejected, find_format, parallel
from spanport.stream import Failed, Outcome, OutputJob

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

    def open(self, options: Any) -> OutputJob:
        """Open output, rejects and journal; ``options`` are what the output depends on besides the inputs."""
        return OutputJob(self.output, self.rejects, inputs=self.inputs, options=options, fresh=self.fresh)


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
                self._places[number] = (row[0].line, _shown(row))
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
    stats: str | None = None,
) -> int:
    """Carry a job through and report; returns the exit code.

    ``build`` makes one record of one result of each reader, ``outcomes`` the stream of results, ``encode`` the bytes
    of one; a record that the output format cannot hold is rejected like any other.

    Raises LengthMismatchError, at the end, when the inputs are of different lengths.
    """
    started, reasons = time.monotonic(), []
    with files.open(options) as job:
        number = resumed = job.completed
        if resumed:
            say(f"resuming after the {resumed:,} records of the run before")
        records = Records(readers, build, resumed)
        with _Progress(files.inputs[0], engine) as progress, closing(outcomes(records, resumed)) as results:  # type: ignore[type-var]
            for outcome in results:
                line, shown = records.place(number)
                number += 1
                error = outcome.error if isinstance(outcome, Failed) else _write(job, encode, outcome.value)
                if error is not None:
                    job.reject(line=line, error=error, record=shown)
                    reasons.append(f"line {line}: {error}")
                    del reasons[NAMED:]
                progress.update(number - resumed, line)
        job.finish()
        _summary(number - resumed, time.monotonic() - started, job, reasons)
    if stats:
        Path(stats).write_bytes(engine.stats.snapshot().to_json())
    if records.mismatch is not None:
        raise records.mismatch
    return 1 if job.rejected else 0


def _write(job: OutputJob, encode: Callable[[Any], bytes], value: Any) -> Exception | None:
    try:
        data = encode(value)
    except RecordError as error:
        return error
    job.write(data)
    return None


def _shown(row: tuple[Any, ...]) -> str:
    parts = [item.record if isinstance(item, Rejected) else getattr(item, "sentence", None) for item in row]
    return "\n".join(part if isinstance(part, str) else part.text for part in parts if part is not None)


def _summary(records: int, seconds: float, job: OutputJob, reasons: Sequence[str]) -> None:
    say(f"{records:,} records in {seconds:.1f} s ({records / max(seconds, 1e-9):,.0f}/s)")
    if job.rejected:
        say(f"{job.rejected:,} rejected, see {job.rejects_path}")
        for reason in reasons:
            say(f"  {reason}")


class _Progress:
    """A bar with rate, time left and what each stage does; nothing when the error stream is no terminal."""

    def __init__(self, path: str, engine: Engine) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._engine, self._drawn, self._started = engine, 0.0, time.monotonic()
        self._bar = Progress(
            TextColumn("{task.fields[done]:,} records"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rates]}", style="dim"),
            console=stderr(),
            transient=True,
            disable=not stderr().is_terminal,
        )
        lines = _count_lines(path) if stderr().is_terminal else None
        self._task = self._bar.add_task("", total=lines, done=0, rates="")

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, line: int) -> None:
        """``done`` records are complete, the last one began on ``line``; drawn ten times a second at most."""
        now = time.monotonic()
        if self._bar.disable or now - self._drawn < 0.1:
            return
        self._drawn = now
        seconds = max(now - self._started, 1e-9)
        stages = self._engine.stats.snapshot().stages
        rates = [f"{s.name} {s.items / seconds:,.0f}/s" + (f" +{s.queued}" if s.queued else "") for s in stages]
        self._bar.update(self._task, completed=line, done=done, rates=f"{done / seconds:,.0f}/s  " + "  ".join(rates))


def _count_lines(path: str) -> int | None:
    """Lines of a plain file, to know how far a job is; None for streams and compressed files."""
    if path == "-" or path.endswith(".gz") or not Path(path).is_file():
        return None
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
