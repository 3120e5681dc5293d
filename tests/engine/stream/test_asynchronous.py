"""The asynchronous twin gives what the pipeline gives, and ends as promptly."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_stages import Counted, faulty, numbered, stream_threads
from spanport.errors import StageError, UsageError
from spanport.options import StreamOptions
from spanport.stream import Stage, arun_stages, run_stages

SMALL = StreamOptions(window=8, lookahead=4, linger=0.01)


@pytest.fixture(autouse=True)
def no_thread_remains() -> Iterator[None]:
    yield
    assert stream_threads() == []


async def trickle(records: Any, seconds: float = 0.0) -> AsyncIterator[Any]:
    for record in records:
        await asyncio.sleep(seconds)
        yield record


async def collect(outcomes: AsyncIterator[Any]) -> list[Any]:
    return [outcome async for outcome in outcomes]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.sets(st.integers(0, 40), max_size=4), st.booleans())
def test_same_outcomes_as_the_synchronous_twin(count: int, bad: set[int], asynchronous: bool) -> None:
    def shown(outcomes: Any) -> list[Any]:
        return [getattr(o, "value", None) or (o.record, o.stage) for o in outcomes]

    stages = [faulty("a", bad), faulty("b")]
    records: Any = trickle(numbered(count)) if asynchronous else numbered(count)
    found = asyncio.run(collect(arun_stages(records, stages, SMALL)))
    assert shown(found) == shown(run_stages(numbered(count), stages, SMALL))


def test_the_event_loop_goes_on_while_stages_work() -> None:
    """The stage waits for the loop: were the loop blocked by it, neither would end."""
    ticked = threading.Event()

    def wait(items: Sequence[int]) -> Sequence[int]:
        assert ticked.wait(10)
        return items

    async def tick() -> None:
        for _ in range(10):
            await asyncio.sleep(0.001)
        ticked.set()

    async def main() -> list[Any]:
        outcomes, _ = await asyncio.gather(collect(arun_stages(range(3), [Stage("slow", wait)], SMALL)), tick())
        return outcomes

    assert [outcome.value for outcome in asyncio.run(main())] == [0, 1, 2]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_leaving_early_ends_all_threads(asynchronous: bool) -> None:
    async def main() -> None:
        endless: Any = ((i, "") for i in itertools.count())
        outcomes = arun_stages(trickle(endless) if asynchronous else endless, [faulty("a")], SMALL)
        async for _ in outcomes:
            break
        await outcomes.aclose()  # type: ignore[attr-defined]
        assert stream_threads() == []

    asyncio.run(main())


@pytest.mark.parametrize("pause", [0.0, 30.0])
def test_cancelling_ends_all_threads(pause: float) -> None:
    """Also while the input makes everybody wait."""

    async def main() -> None:
        endless = trickle(((i, "") for i in itertools.count()), pause)
        task = asyncio.create_task(collect(arun_stages(endless, [faulty("a")], SMALL)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 5


def test_a_throttled_consumer_makes_the_producer_wait() -> None:
    async def main() -> None:
        source = Counted(numbered(100))
        received = 0
        async for _ in arun_stages(source, [faulty("a")], SMALL):
            await asyncio.sleep(0.0005)
            assert source.pulled - received <= SMALL.window
            received += 1

    asyncio.run(main())


def test_an_error_of_the_input_comes_in_its_place() -> None:
    async def records() -> AsyncIterator[Any]:
        for record in numbered(5):
            yield record
        raise OSError("the line went dead")

    seen = []

    async def main() -> None:
        async for outcome in arun_stages(records(), [faulty("a")], SMALL):
            seen.append(outcome.value)  # noqa: PERF401

    with pytest.raises(OSError, match="went dead"):
        asyncio.run(main())
    assert seen == [(i, "a") for i in range(5)]


def test_errors_reach_the_caller() -> None:
    with pytest.raises(StageError):
        asyncio.run(collect(arun_stages(numbered(9), [faulty("a", {3}, error=lambda: StageError("dead"))], SMALL)))
    with pytest.raises(UsageError):
        asyncio.run(collect(arun_stages([], [])))
