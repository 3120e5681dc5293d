"""Threads overlap, die, and are always gone at the end."""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

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


class Cores:
    """Counts how many stages compute at once, and in which order they do."""

    def __init__(self) -> None:
        self.busy = self.most = 0
        self.order: list[str] = []
        self._lock = threading.Lock()

    def stage(self, name: str) -> Stage:
        def run(items: Sequence[int]) -> Sequence[int]:
            with self._lock:
                self.order.append(name)
                self.busy += 1
                self.most = max(self.most, self.busy)
            time.sleep(0.002)
            with self._lock:
                self.busy -= 1
            return items

        return Stage(name, run, max_items=1, workers=2, computes=True)


@pytest.mark.parametrize(("cores", "most"), [(1, 2), (3, 3), (8, 4)])
def test_no_more_batches_compute_than_there_are_cores(monkeypatch: pytest.MonkeyPatch, cores: int, most: int) -> None:
    """Each of two stages has two workers: as many are asked for, so two run at once even on one core."""
    monkeypatch.setattr("spanport.stream.pipeline.available_cores", lambda: cores)
    counted = Cores()
    results = run_stages(range(40), [counted.stage("a"), counted.stage("b")], SMALL)
    assert [result.value for result in results] == list(range(40))
    assert len(counted.order) == 80
    assert counted.most <= most


def test_a_free_core_goes_to_the_later_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is nearly done comes first: a look-ahead waits for the one before, but for one batch."""
    monkeypatch.setattr("spanport.stream.pipeline.available_cores", lambda: 1)
    counted = Cores()
    stages = [replace(counted.stage(name), workers=1) for name in "ab"]
    list(run_stages(range(16), stages, StreamOptions(window=16, lookahead=4, linger=None)))
    order = "".join(counted.order)
    ahead = [order[:at].count("a") - 4 * (order[:at].count("b") // 4 + 1) for at in range(32) if order[at] == "b"]
    assert len(ahead) == 16
    assert max(ahead) <= 1
