"""Running records through stages, synchronously or not."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.execute import Fatal
from spanport.stream.pipeline import Pipeline, check, outcomes
from spanport.stream.source import lookahead
from spanport.stream.stage import Failed, Outcome, Stage
from spanport.stream.stats import Stats


def run_stages(
    records: Iterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
    skip: int = 0,
) -> Generator[Outcome]:
    """One `Done` or `Failed` per record, in input order, for endless inputs too.

    Records are read by a thread of their own, at most ``options.window`` of them ahead of the caller, and go
    from stage to stage in look-aheads of ``options.lookahead``. A look-ahead that stays incomplete (a slow
    input) goes ahead ``options.linger`` seconds after the last record came, at the latest ten times that after
    its first. A `Failed` given as a record is passed through; a `Done` (of a pass before) goes on with its value.

    ``skip`` leaves out the first records, which a run before has handed over; batches stay what they would
    have been, so that results are the same to the last digit.

    Closing the iterator, or an exception in the caller, ends all threads. Raises UsageError for stages or options
    that do not fit; StageError, or what a stage raised, for failures that no record causes (a full disk, a dead
    worker, KeyboardInterrupt) and whatever the input raises: after everything before it was handed over (with
    ``linger=None``: everything before its look-ahead, since the results of that would not be reproducible).
    """
    options = options or StreamOptions()
    check(stages)
    return counted(run_from(records, stages, options, stats := stats or Stats(), skip), stats)


def run_from(
    records: Iterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats, skip: int = 0
) -> Generator[Outcome]:
    """`run_stages` without counting what is handed over."""
    whole = skip - skip % lookahead(options)
    drop = skip - whole
    pipeline = Pipeline(islice(records, whole, None) if whole else records, stages, options, stats)
    try:
        pipeline.start()
        while (window := pipeline.next_window()) is not None:
            for outcome in outcomes(window, reproducible=options.linger is None):
                if isinstance(outcome, Fatal):
                    raise outcome.error
                if drop:
                    drop -= 1
                else:
                    yield outcome
                pipeline.release()
            stats.check_balance()
    finally:
        pipeline.stop()
        pipeline.join()


def counted(outcomes: Generator[Outcome], stats: Stats) -> Generator[Outcome]:
    """The outcomes, counted as handed over; closing it closes them."""
    with closing(outcomes):
        for outcome in outcomes:
            stats.hand_over(isinstance(outcome, Failed))
            yield outcome
