"""Running records through stages, synchronously or not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.execute import Fatal
from spanport.stream.pipeline import Pipeline, check, outcomes
from spanport.stream.source import lookahead_of
from spanport.stream.stage import Failed, Outcome, Stage
from spanport.stream.stats import Stats


def nothing() -> None:
    """What to do while waiting, by default."""


def run_stages(
    records: Iterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
    skip: int = 0,
    waiting: Callable[[], None] = nothing,
) -> Generator[Outcome]:
    """One `Done` or `Failed` per record, in input order, for endless inputs too.

    Records are read by a thread of their own, at most ``options.window`` of them ahead of the caller, and go
    from stage to stage in look-aheads of ``options.lookahead`` (the first are smaller). A look-ahead that stays
    incomplete (a slow input) goes ahead ``options.linger`` seconds after the last record came, at the latest ten
    times that after its first. A `Failed` given as a record is passed through; a `Done` (of a pass before) goes on
    with its value.

    ``skip`` leaves out the first records, which a run before has handed over; batches stay what they would
    have been, so that results are the same to the last digit. ``waiting`` is called, about once a second, while there
    is nothing to hand over.

    Closing the iterator, or an exception in the caller, ends all threads. Raises UsageError for stages or options
    that do not fit; StageError, or what a stage raised, for failures that no record causes (a full disk, a dead
    worker, KeyboardInterrupt) and whatever the input raises: after everything before it was handed over (with
    ``linger=None``: everything before its look-ahead, since the results of that would not be reproducible).
    """
    options = options or StreamOptions()
    check(stages)
    begin, _ = lookahead_of(options, skip)
    rest = islice(records, begin, None) if begin else records
    stats = stats or Stats()
    return counted(run_from(rest, stages, options, stats, begin, waiting), stats, skip - begin)


def run_from(
    records: Iterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions,
    stats: Stats,
    begin: int,
    waiting: Callable[[], None],
) -> Generator[Outcome]:
    """`run_stages` over the records from number ``begin`` on, at which a look-ahead begins, without counting."""
    pipeline = Pipeline(records, stages, options, stats, begin)
    try:
        pipeline.start()
        while (window := pipeline.next_window(waiting)) is not None:
            for outcome in outcomes(window, reproducible=options.linger is None):
                if isinstance(outcome, Fatal):
                    raise outcome.error
                yield outcome
                pipeline.release()
            stats.check_balance()
    finally:
        pipeline.stop()
        pipeline.join()


def counted(outcomes: Generator[Outcome], stats: Stats, drop: int) -> Generator[Outcome]:
    """The outcomes but the first ``drop``, counted as handed over; closing it closes them."""
    with closing(outcomes):
        for outcome in islice(outcomes, drop, None):
            stats.hand_over(isinstance(outcome, Failed))
            yield outcome
