"""The way of records at hand in the caller's thread: of one alone, or through stages without a model."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from itertools import islice
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.pipeline import outcomes, run_batch
from spanport.stream.source import lookahead_of
from spanport.stream.stage import Fatal, Outcome, Stage
from spanport.stream.stats import Stats
from spanport.stream.window import Memory, Window, plan

_FORGETFUL = Memory(0)


def straight(
    records: Iterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats, begin: int
) -> Generator[Outcome]:
    """The outcomes of the records from number ``begin`` on, at which a look-ahead begins.

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
    made = plan(window, stage, _FORGETFUL)
    stats.add(stage.name, shared=made.shared, rejects=made.rejects, queued=sum(map(len, made.groups)))
    for batch in made.batches:
        run_batch(stage, window, made, batch, stats)
