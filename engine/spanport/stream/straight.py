"""The way of records that are there already through stages without a model: in the caller's thread."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from itertools import islice
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.pipeline import outcomes
from spanport.stream.source import lookahead_of
from spanport.stream.stage import Fatal, Outcome, Stage, execute
from spanport.stream.stats import Stats
from spanport.stream.window import Window


def straight(
    records: Iterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats, begin: int
) -> Generator[Outcome]:
    """The outcomes of the records from number ``begin`` on, at which a look-ahead begins; batches are look-aheads.

    Errors as in `run_stages`.
    """
    for stage in stages:
        stats.open(stage.name, 1)
    rest, at = iter(records), begin
    while True:
        window = Window(0)
        for record in islice(rest, lookahead_of(options, at)[1]):
            window.append(record)
        if not window:
            return
        at += len(window)
        for stage in stages:
            _run(window, stage, stats)
        for outcome in outcomes(window, reproducible=options.linger is None):
            if isinstance(outcome, Fatal):
                raise outcome.error
            yield outcome


def _run(window: Window, stage: Stage, stats: Stats) -> None:
    """Take a window through a stage."""
    wall, cpu = time.monotonic(), time.thread_time()
    live = window.live()
    items = [window.values[i] for i in live]
    results, retries = execute(stage, items)
    rejects = sum(window.settle((i,), result, stage) for i, result in zip(live, results, strict=True))
    cost, padded = stage.spent(items) if stage.spent else (len(items), len(items))
    stats.add(
        stage.name, items=len(items), rejects=rejects, retries=retries, batches=1, cost=cost, padded=padded,
        busy_s=time.monotonic() - wall, cpu_s=time.thread_time() - cpu,
    )  # fmt: skip
