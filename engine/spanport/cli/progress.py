"""A progress bar for jobs over files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from spanport.api import Engine
from spanport.cli.console import stderr
from spanport.shown import counted
from spanport.stream import StageStats


class Progress:
    """A bar with rate, time left and what each stage does; nothing when the error stream is no terminal.

    ``skipped`` records were completed by a run before.
    """

    def __init__(self, path: str, engine: Engine | None, skipped: int = 0) -> None:
        self._engine, self._skipped, self._started = engine, skipped, time.monotonic()
        self._done = self._line = 0
        shown = stderr().is_terminal
        self._lines = _count_lines(path) if shown else None
        self._bar = _bar(self._fields) if shown else None

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, done: int, line: int) -> None:
        """``done`` records of this run are complete, the last one began on ``line``."""
        self._done, self._line = done, line

    def _fields(self) -> dict[str, Any]:
        """What the bar shows now: results come in bursts, so it is drawn by the clock."""
        seconds = max(time.monotonic() - self._started, 1e-9)
        stages = self._engine.stats.snapshot().stages if self._engine else ()
        rates = [f"{s.name} {s.items / seconds:,.0f}/s" + (f" +{s.queued}" if s.queued else "") for s in stages]
        share = None
        if self._lines and self._done:
            everything = self._lines * (self._skipped + self._done) / self._line
            share = share_done(self._done, max(everything - self._skipped, self._done), stages)
        return {
            "completed": share or 0.0,
            "total": None if self._lines is None else 1.0,
            "done": counted(self._skipped + self._done, "record"),
            "left": _clock(seconds * (1 - share) / share) if share else "-:--:--",
            "rates": "  ".join([f"{self._done / seconds:,.0f}/s", *rates]),
        }


def share_done(done: int, everything: float, stages: Sequence[StageStats]) -> float:
    """Share of a job's work, of ``everything`` records, that is done: counted by the time that each stage takes.

    That is more than the share of the ``done`` records, for others are on their way.
    """
    spent = sum(stage.busy_s for stage in stages)
    each = sum(stage.busy_s / max(1, stage.items + stage.shared) for stage in stages)
    return min(1.0, max(done / everything, spent / (each * everything) if each else 0.0))


def _bar(fields: Callable[[], dict[str, Any]]) -> Any:
    """A bar that asks for what it shows whenever it is drawn."""
    from rich import progress

    class Live(progress.Progress):
        def get_renderables(self) -> Iterable[Any]:
            for task in self.task_ids:
                self.update(task, **fields())
            yield from super().get_renderables()

    bar = Live(
        progress.TextColumn("{task.fields[done]}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TextColumn("{task.fields[left]}", style="cyan"),
        progress.TextColumn("{task.fields[rates]}", style="dim"),
        console=stderr(),
        transient=True,
    )
    bar.add_task("", done=counted(0, "record"), left="", rates="")
    return bar


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def _count_lines(path: str) -> int | None:
    """Lines of a plain file, to know how far a job is; None for streams, compressed files and tables in binary."""
    if path == "-" or path.endswith(".gz") or not Path(path).is_file():
        return None
    with open(path, "rb") as file:
        if b"\0" in file.read(1 << 12):
            return None
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
