"""The asynchronous twin: the same pipeline, waited for without blocking the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.execute import Fatal
from spanport.stream.pipeline import Pipeline, check, outcomes
from spanport.stream.run import nothing
from spanport.stream.stage import Failed, Outcome, Stage
from spanport.stream.stats import Stats


async def arun_stages(
    records: Iterable[Any] | AsyncIterable[Any],
    stages: Sequence[Stage],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
) -> AsyncIterator[Outcome]:
    """As `run_stages`, for ``async for``; ``records`` may be an iterable (read in a thread) or asynchronous.

    Cancelling the task or closing the iterator ends all threads.
    """
    options, stats = options or StreamOptions(), stats or Stats()
    check(stages)
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
