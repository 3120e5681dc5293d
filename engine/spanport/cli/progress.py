"""A progress bar for jobs over files."""

from __future__ import annotations

import time
from pathlib import Path

from spanport.api import Engine
from spanport.cli.console import stderr


class Progress:
    """A bar with rate, time left and what each stage does; nothing when the error stream is no terminal."""

    def __init__(self, path: str, engine: Engine | None) -> None:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._engine, self._drawn, self._started = engine, 0.0, time.monotonic()
        self._bar = Bar(
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

    def __enter__(self) -> Progress:
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
        stages = self._engine.stats.snapshot().stages if self._engine else ()
        rates = [f"{s.name} {s.items / seconds:,.0f}/s" + (f" +{s.queued}" if s.queued else "") for s in stages]
        self._bar.update(self._task, completed=line, done=done, rates=f"{done / seconds:,.0f}/s  " + "  ".join(rates))


def _count_lines(path: str) -> int | None:
    """Lines of a plain file, to know how far a job is; None for streams and compressed files."""
    if path == "-" or path.endswith(".gz") or not Path(path).is_file():
        return None
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
