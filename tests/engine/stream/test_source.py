"""Reading ahead: back-pressure, slow and blocked inputs."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_stages import Counted, faulty, numbered, stream_threads
from spanport.options import StreamOptions
from spanport.stream import Stage, pipeline, run_stages
from spanport.stream.batches import FIRST, lookahead, lookahead_of

SMALL = StreamOptions(window=8, lookahead=4)


@pytest.fixture(autouse=True)
def no_thread_remains() -> Iterator[None]:
    yield
    assert stream_threads() == []


@pytest.mark.parametrize("window", [1, 2, 7, 64])
def test_a_throttled_consumer_makes_the_producer_wait(window: int) -> None:
    source = Counted(numbered(300))
    options = StreamOptions(window=window, lookahead=16)
    for received, _ in enumerate(run_stages(source, [faulty("a"), faulty("b")], options)):
        if received % 20 == 0:
            time.sleep(0.002)
        assert source.pulled - received <= window
    assert source.pulled == 300


@pytest.mark.parametrize("window", [3, 16])
def test_the_slowest_consumer_finds_the_window_full_and_never_fuller(window: int) -> None:
    source = Counted((i, "") for i in itertools.count())
    options = StreamOptions(window=window, lookahead=4, linger=None)
    in_flight = []
    with closing(run_stages(source, [faulty("a"), faulty("b")], options)) as results:
        for received, _ in enumerate(itertools.islice(results, 30)):
            time.sleep(0.01)
            in_flight.append(source.pulled - received)
    assert max(in_flight) == window
    assert in_flight.count(window) > 20


def test_an_endless_input_is_read_only_as_far_as_the_window() -> None:
    source = Counted((i, "") for i in itertools.count())
    results = run_stages(source, [faulty("a")], SMALL)
    assert next(results).value == (0, "a")
    time.sleep(0.05)
    assert source.pulled <= 8
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("linger", [None, 0.1])
def test_the_first_results_do_not_wait_for_a_whole_window(linger: float | None) -> None:
    source = Counted((i, "") for i in itertools.count())
    batches: list[int] = []
    with closing(run_stages(source, [sized(batches)], StreamOptions(linger=linger))) as results:
        next(results)
        assert source.pulled <= 3 * FIRST
        for _ in itertools.islice(results, 5000):
            pass
    assert batches[:6] == [32, 64, 128, 256, 512, 512]


def sized(batches: list[int]) -> Stage:
    def run(items: Sequence[Any]) -> Sequence[Any]:
        batches.append(len(items))
        return items

    return Stage("sized", run, max_items=10_000, budget=10_000)


@given(st.integers(1, 3000), st.integers(1, 1200), st.integers(0, 6000))
def test_look_aheads_depend_on_the_input_alone(window: int, most: int, record: int) -> None:
    options = StreamOptions(window=window, lookahead=most)
    begin = size = 0
    while begin + size <= record:
        begin += size
        begin, size = lookahead_of(options, begin)
    assert lookahead_of(options, record) == (begin, size)
    assert begin <= record < begin + size <= begin + lookahead(options)


def test_waiting_callers_are_called_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_CHECK_SECONDS", 0.01)
    gate = threading.Event()
    calls = []

    def waiting() -> None:
        calls.append(threading.current_thread())
        if len(calls) > 3:
            gate.set()

    def run(items: Sequence[Any]) -> Sequence[Any]:
        assert gate.wait(5)
        return items

    assert len(list(run_stages(range(3), [Stage("s", run)], waiting=waiting))) == 3
    assert set(calls) == {threading.current_thread()}


def test_nothing_starts_before_the_first_result_is_asked_for() -> None:
    source = Counted(numbered(3))
    results = run_stages(source, [faulty("a")], SMALL)
    assert source.pulled == 0
    assert stream_threads() == []
    assert len(list(results)) == 3


def test_a_slow_input_does_not_hold_back_finished_results() -> None:
    gate = threading.Event()

    def records() -> Iterator[tuple[int, str]]:
        yield from numbered(3)
        gate.wait(5)
        yield from [(3, "")]

    options = StreamOptions(window=100, lookahead=50, linger=0.01)
    results = run_stages(records(), [faulty("a"), faulty("b")], options)
    started = time.monotonic()
    first = [next(results).value[0] for _ in range(3)]
    assert first == [0, 1, 2]
    assert time.monotonic() - started < 2
    gate.set()
    assert [result.value[0] for result in results] == [3]


def test_a_trickling_input_is_handed_on_after_ten_lingers() -> None:
    stop = threading.Event()

    def records() -> Iterator[tuple[int, str]]:
        for i in itertools.count():
            if stop.wait(0.004):
                return
            yield (i, "")

    options = StreamOptions(window=100_000, lookahead=50_000, linger=0.02)
    results = run_stages(records(), [faulty("a")], options)
    started = time.monotonic()
    assert next(results).value[0] == 0
    assert time.monotonic() - started < 2
    stop.set()
    results.close()  # type: ignore[attr-defined]


def test_a_reply_can_depend_on_the_result_before() -> None:
    received: list[int] = []
    more = threading.Semaphore(1)

    def records() -> Iterator[tuple[int, str]]:
        for i in range(5):
            assert more.acquire(timeout=5)
            assert len(received) == i
            yield (i, "")

    for result in run_stages(records(), [faulty("a")], StreamOptions(linger=0.001)):
        received.append(result.value[0])
        more.release()
    assert received == list(range(5))


def test_an_input_that_blocks_does_not_hold_up_the_end() -> None:
    gate = threading.Event()

    def records() -> Iterator[int]:
        yield 1
        gate.wait(60)

    results = run_stages(records(), [Stage("s", lambda items: items)], StreamOptions(linger=0.01))
    assert next(results).value == 1
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 5
    assert stream_threads() == ["spanport-read"]
    gate.set()
    while stream_threads():
        time.sleep(0.001)


INTERRUPTED_SCRIPT = """
from spanport.formats.lines import read_lines
from spanport.stream import Stage, pipeline, run_stages
from spanport.stream.batches import FIRST, lookahead, lookahead_of
for outcome in run_stages(read_lines("-"), [Stage("s", lambda items: items)]):
    print(outcome.value.decode(), flush=True)
"""


def test_an_interrupt_while_standard_input_blocks_ends_the_process() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED_SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("one\n")
    process.stdin.flush()
    assert process.stdout.readline() == "one\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    assert process.stderr is not None
    errors = process.stderr.read()
    assert "KeyboardInterrupt" in errors
    assert "Fatal Python error" not in errors
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
