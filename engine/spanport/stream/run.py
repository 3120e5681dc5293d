"""Running records through stages, synchronously or not."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any

from spanport.errors import UsageError
from spanport.options import StreamOptions
from spanport.stream.batches import lookahead_of, outcomes, straight
from spanport.stream.blocks import Way, in_blocks, parts_of, through
from spanport.stream.pipeline import Pipeline
from spanport.stream.stage import Failed, Fatal, Outcome, Stage, check, nothing
from spanport.stream.stats import Stats


def run_stages(
    records: Iterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
    skip: int = 0,
    waiting: Callable[[], object] = nothing,
    release: Callable[[str], object] = nothing,
    at_hand: int = 0,
) -> Generator[Outcome]:
    """One `Done` or `Failed` per record, in input order, for endless inputs too.

    Records are read by a thread of their own, at most ``options.window`` of them ahead of the caller, and go
    from stage to stage in look-aheads of ``options.lookahead`` (the first are smaller). A look-ahead that stays
    incomplete (a slow input) goes ahead ``options.linger`` seconds after the last record came, at the latest ten
    times that after its first. A `Failed` given as a record is passed through; a `Done` (of a pass before) goes on
    with its value. With ``options.resident`` "one" only one part of the stages is loaded at a time, and the first
    results come when a whole block has passed all parts but the last; they are the same.

    ``skip`` leaves out the first records, which a run before has handed over; batches stay what they would
    have been, so that results are the same to the last digit. ``waiting`` is called, about once a second, while there
    is nothing to hand over; ``release`` with the name of each part that has let go of its model. ``at_hand``
    says how many records there are, where they need not be waited for: one alone, and any number through stages
    without a model, go in the caller's thread.

    Closing the iterator, or an exception in the caller, ends all threads. Raises UsageError for stages or options
    that do not fit, and what loading the stages raises; StageError, or what a stage raised, for failures that no
    record causes (a full disk, a dead worker, KeyboardInterrupt) and whatever the input raises: after everything
    before it was handed over (with ``linger=None``: everything before its look-ahead, since the results of that
    would not be reproducible).
    """
    options, stats = options or StreamOptions(), stats or Stats()
    check(stages)
    begin, _ = lookahead_of(options, skip)
    rest = islice(records, begin, None) if begin else records
    way = Way(options, stats, waiting, release)
    if options.resident == "one" and len(parts_of(stages)) > 1:
        return _counted(in_blocks(rest, stages, way, begin), stats, skip - begin)
    for stage in stages:
        stage.load()
    if at_hand == 1 or (at_hand and not any(stage.part for stage in stages)):
        return _counted(straight(rest, stages, options, stats, begin), stats, skip - begin)
    return _counted(through(rest, stages, way, begin), stats, skip - begin)


def _counted(outcomes: Generator[Outcome], stats: Stats, drop: int) -> Generator[Outcome]:
    """The outcomes but the first ``drop``, counted as handed over; closing it closes them."""
    with closing(outcomes):
        for outcome in islice(outcomes, drop, None):
            stats.hand_over(isinstance(outcome, Failed))
            yield outcome


def arun_stages(
    records: Iterable[Any] | AsyncIterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
) -> AsyncIterator[Outcome]:
    """As `run_stages`, for ``async for``; ``records`` may be an iterable (read in a thread) or asynchronous.

    Cancelling the task or closing the iterator ends all threads. Raises UsageError where models are to take turns.
    """
    options, stats = options or StreamOptions(), stats or Stats()
    if options.resident == "one":
        raise UsageError("asynchronous streams keep all models resident; use the synchronous call")
    check(stages)
    for stage in stages:
        stage.load()
    return _athrough(records, stages, options, stats)


async def _athrough(
    records: Iterable[Any] | AsyncIterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats
) -> AsyncIterator[Outcome]:
    loop = asyncio.get_running_loop()
    bridge = _Bridge(records, loop) if isinstance(records, AsyncIterable) else None
    pipeline = Pipeline(bridge or records, stages, options, stats)  # type: ignore[arg-type]
    waiter = ThreadPoolExecutor(1, "spanport-wait")
    try:
        pipeline.start()
        while (window := await loop.run_in_executor(waiter, pipeline.next_window, nothing)) is not None:
            for outcome in outcomes(window, reproducible=options.linger is None):
                if isinstance(outcome, Fatal):
                    raise outcome.error
                stats.hand_over(isinstance(outcome, Failed))
                yield outcome
                pipeline.release()
            stats.check_balance()
    finally:
        pipeline.stop()
        if bridge:
            bridge.stop()
        await asyncio.shield(loop.run_in_executor(None, _end, pipeline, waiter))


def _end(pipeline: Pipeline, waiter: ThreadPoolExecutor) -> None:
    pipeline.join()
    waiter.shutdown()


class _Bridge:
    """An asynchronous iterable as an iterable for the reading thread; `stop` ends a wait that is under way."""

    def __init__(self, records: AsyncIterable[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._records = aiter(records)
        self._loop = loop
        self._lock = threading.Lock()
        self._stopped = False
        self._pending: concurrent.futures.Future[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self._lock:
                if self._stopped:
                    return
                self._pending = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            try:
                yield self._pending.result()
            except (StopAsyncIteration, concurrent.futures.CancelledError):
                return

    async def _next(self) -> Any:
        return await anext(self._records)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._pending:
                self._pending.cancel()
