"""Threads overlap, die, and are always gone at the end."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Iterator, Sequence

import pytest

from fake_stages import stream_threads
from spanport.errors import StageError, UsageError
from spanport.options import StreamOptions
from spanport.stream import Stage, run_stages

SMALL = StreamOptions(window=8, lookahead=4)


@pytest.fixture(autouse=True)
def no_thread_remains() -> Iterator[None]:
    yield
    assert stream_threads() == []


def test_stages_overlap() -> None:
    """The second stage works on one window while the first works on the next: each waits for the other."""
    barrier = threading.Barrier(2, timeout=5)
    calls = itertools.count()

    def first(items: Sequence[int]) -> Sequence[int]:
        if next(calls) > 0:
            barrier.wait()
        return items

    def second(items: Sequence[int]) -> Sequence[int]:
        if items[0] < 8:
            barrier.wait()
        return items

    stages = [Stage("a", first), Stage("b", second)]
    options = StreamOptions(window=8, lookahead=4, linger=None)
    assert [result.value for result in run_stages(range(12), stages, options)] == list(range(12))


def test_a_worker_killed_from_outside_ends_the_run() -> None:
    entered = threading.Event()
    victim: list[int] = []

    def run(items: Sequence[int]) -> Sequence[int]:
        if items[0] >= 4:
            victim.append(threading.get_ident())
            entered.set()
        return items

    results = run_stages(itertools.count(), [Stage("s", run, max_items=1)], SMALL)
    assert next(results).value == 0
    assert entered.wait(5)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(victim[0]), ctypes.py_object(SystemExit))
    with pytest.raises((StageError, SystemExit)):
        for _ in results:
            pass


def test_an_exception_in_the_consumer_ends_all_threads() -> None:
    def consume() -> None:
        for _ in run_stages(itertools.count(), [Stage("s", lambda items: items)], SMALL):
            raise RuntimeError("consumer")

    with pytest.raises(RuntimeError, match="consumer"):
        consume()
    assert stream_threads() == []


def test_an_abandoned_iterator_ends_its_threads() -> None:
    results = run_stages(itertools.count(), [Stage("s", lambda items: items)], SMALL)
    next(results)
    del results
    assert stream_threads() == []


@pytest.mark.parametrize("stages", [[], [Stage("a", list), Stage("a", list)]], ids=["none", "twice the same name"])
def test_stages_that_make_no_pipeline(stages: list[Stage]) -> None:
    with pytest.raises(UsageError):
        run_stages([], stages)


def test_options_that_make_no_pipeline() -> None:
    with pytest.raises(UsageError, match="window=0: expected int >= 1"):
        run_stages([], [Stage("a", list)], StreamOptions(window=0))
    with pytest.raises(UsageError, match="workers is 0"):
        run_stages([], [Stage("a", list, workers=0)])
