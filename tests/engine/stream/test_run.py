"""Order, exactly once, back-pressure, errors in their place, and no thread left behind."""

from __future__ import annotations

import ctypes
import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_stages import BadRecordError, Counted, composition, faulty, numbered, stream_threads
from spanport.errors import RecordError, StageError, UsageError
from spanport.options import StreamOptions
from spanport.stream import Done, Failed, Stage, Stats, run_stages
from spanport.stream.source import lookahead

SMALL = StreamOptions(window=8, lookahead=4)

Drawn = tuple[set[int], int, int, int]
"""Of a stage: numbers that fail, budget, most items, workers."""

options_strategy = st.builds(
    StreamOptions,
    window=st.integers(1, 20),
    lookahead=st.integers(1, 12),
    linger=st.sampled_from([None, 0.0, 0.1]),
)
stage_strategy = st.tuples(
    st.sets(st.integers(0, 40), max_size=6), st.integers(1, 30), st.integers(1, 5), st.integers(1, 3)
)


@pytest.fixture(autouse=True)
def no_thread_remains() -> Iterator[None]:
    yield
    assert stream_threads() == []


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 40), st.lists(stage_strategy, min_size=1, max_size=4), options_strategy, st.randoms())
def test_every_record_once_in_order(
    count: int, drawn: list[Drawn], options: StreamOptions, rng: random.Random
) -> None:
    run_and_check(count, drawn, options, rng)


@pytest.mark.slow
def test_every_record_once_in_order_thousands_of_times() -> None:
    for seed in range(3000):
        rng = random.Random(seed)
        drawn = [
            ({i for i in range(41) if rng.random() < 0.1}, rng.randint(1, 30), rng.randint(1, 5), rng.randint(1, 3))
            for _ in range(rng.randint(1, 4))
        ]
        options = StreamOptions(
            window=rng.randint(1, 20), lookahead=rng.randint(1, 12), linger=rng.choice([None, 0.0, 0.1])
        )
        run_and_check(rng.randint(0, 40), drawn, options, rng)


def run_and_check(count: int, drawn: list[Drawn], options: StreamOptions, rng: random.Random) -> None:
    stages = [
        faulty(
            "abcd"[i],
            bad,
            budget=budget,
            max_items=items,
            workers=workers,
            latency=rng.choice([0, 0, 0, 0, 0, 0.0001]),
            seed=i,
        )
        for i, (bad, budget, items, workers) in enumerate(drawn)
    ]
    given_records: list[Any] = [
        Failed(record, RecordError("unreadable")) if rng.random() < 0.1 else record for record in numbered(count)
    ]
    stats = Stats()
    results = list(run_stages(given_records, stages, options, stats=stats))
    assert len(results) == count
    for i, (record, result) in enumerate(zip(given_records, results, strict=True)):
        fails_at = next((s.name for s, d in zip(stages, drawn, strict=True) if i in d[0]), None)
        if isinstance(record, Failed):
            assert result is record
        elif fails_at is not None:
            assert isinstance(result, Failed)
            assert (result.record, result.stage) == (record, fails_at)
            assert isinstance(result.error, BadRecordError)
        else:
            assert result == Done((i, "abcd"[: len(stages)]), record)
    snapshot = stats.snapshot()
    assert snapshot.records == count
    assert snapshot.rejects == sum(isinstance(result, Failed) for result in results)
    assert all(stage.queued == 0 for stage in snapshot.stages)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(0, 40), options_strategy, st.integers(1, 3))
def test_closing_early_ends_all_threads(taken: int, count: int, options: StreamOptions, workers: int) -> None:
    stages = [faulty(name, workers=workers, latency=0.0001, max_items=3) for name in "ab"]
    with closing(run_stages(numbered(count), stages, options)) as results:  # type: ignore[type-var]
        assert len(list(itertools.islice(results, taken))) == min(taken, count)
    assert stream_threads() == []


def before_error(at: int, options: StreamOptions) -> int:
    """Records handed over before an error at record ``at``: with ``linger=None`` whole look-aheads only."""
    return at - at % lookahead(options) if options.linger is None else at


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 30),
    options_strategy,
    st.sampled_from([KeyboardInterrupt, SystemExit, StageError, lambda: OSError(28, "No space left on device")]),
    st.integers(0, 2),
)
def test_a_fatal_error_comes_after_everything_before_it(
    at: int, options: StreamOptions, error: Any, place: int
) -> None:
    stages = [faulty(name, {at} if i == place else (), error=error, max_items=1) for i, name in enumerate("abc")]
    results = run_stages(((i, "") for i in itertools.count()), stages, options)
    seen = []
    with pytest.raises((KeyboardInterrupt, SystemExit, StageError)):
        seen.extend(results)
    assert [result.value[0] for result in seen] == list(range(before_error(at, options)))
    assert stream_threads() == []


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), options_strategy)
def test_an_error_of_the_input_comes_in_its_place(at: int, options: StreamOptions) -> None:
    def records() -> Iterator[tuple[int, str]]:
        yield from numbered(at)
        raise OSError("the disk went away")

    seen = []
    with pytest.raises(OSError, match="went away"):
        seen.extend(run_stages(records(), [faulty("a"), faulty("b")], options))
    assert [result.value[0] for result in seen] == list(range(before_error(at, options)))


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(1, 20),
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(0, 3),
)
def test_resuming_repeats_the_batches(
    count: int, skip: int, window: int, lookahead: int, budget: int, jitter: int
) -> None:
    """Results that depend on the batch are the same after a skip, whatever the timing."""
    options = StreamOptions(window=window, lookahead=lookahead, linger=None)
    stages = [composition("a", budget=budget, workers=2), composition("b", budget=budget)]
    whole = [result.value for result in run_stages(range(count), stages, options)]

    def slow() -> Iterator[int]:
        for i in range(count):
            if jitter and i % (7 * jitter) == 3:
                time.sleep(0.0002)
            yield i

    rest = [result.value for result in run_stages(slow(), stages, options, skip=skip)]
    assert rest == whole[skip:]


@pytest.mark.parametrize("window", [1, 2, 7, 64])
def test_a_throttled_consumer_makes_the_producer_wait(window: int) -> None:
    source = Counted(numbered(300))
    options = StreamOptions(window=window, lookahead=16)
    for received, _ in enumerate(run_stages(source, [faulty("a"), faulty("b")], options)):
        if received % 20 == 0:
            time.sleep(0.002)
        assert source.pulled - received <= window
    assert source.pulled == 300


def test_an_endless_input_is_read_only_as_far_as_the_window() -> None:
    source = Counted((i, "") for i in itertools.count())
    results = run_stages(source, [faulty("a")], SMALL)
    assert next(results).value == (0, "a")
    time.sleep(0.05)
    assert source.pulled <= 8
    results.close()  # type: ignore[attr-defined]


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


def test_identical_records_are_computed_once_per_window() -> None:
    computed: list[str] = []

    def run(items: Sequence[str]) -> list[str]:
        computed.extend(items)
        return [item.upper() for item in items]

    words = ["a", "b", "a", "a", "c", "b"]
    stats = Stats()
    results = list(run_stages(words, [Stage("up", run, key=str)], StreamOptions(), stats=stats))
    assert [result.value for result in results] == [word.upper() for word in words]
    assert sorted(computed) == ["a", "b", "c"]
    assert stats.snapshot().stages[0].shared == 3


@pytest.mark.parametrize(("cache", "calls"), [(0, 6), (2, 2), (1, 6)])
def test_a_bounded_cache_works_across_windows(cache: int, calls: int) -> None:
    computed: list[str] = []

    def run(items: Sequence[str]) -> Sequence[str]:
        computed.extend(items)
        return items

    options = StreamOptions(window=2, lookahead=1, cache=cache, linger=None)
    results = list(run_stages("ababab", [Stage("s", run, key=str)], options))
    assert "".join(result.value for result in results) == "ababab"
    assert len(computed) == calls


@pytest.mark.parametrize("cache", [0, 10])
def test_records_that_share_a_result_keep_what_is_their_own(cache: int) -> None:
    computed: list[str] = []

    def run(items: Sequence[tuple[int, str]]) -> list[str]:
        computed.extend(word for _, word in items)
        return [word.upper() for _, word in items]

    def merge(item: tuple[int, str], result: str) -> tuple[int, str]:
        if item[0] == 3:
            raise BadRecordError
        return item[0], result

    stage = Stage("up", run, key=lambda item: item[1], merge=merge)
    options = StreamOptions(window=6, lookahead=3, cache=cache, linger=None)
    stats = Stats()
    results = list(run_stages(enumerate("ababab"), [stage], options, stats=stats))
    assert [getattr(result, "value", None) for result in results] == [
        (0, "A"), (1, "B"), (2, "A"), None, (4, "A"), (5, "B"),
    ]  # fmt: skip
    assert len(computed) == (2 if cache else 4)
    assert stats.snapshot().stages[0].rejects == 1


def test_all_copies_of_a_bad_record_fail() -> None:
    def run(items: Sequence[str]) -> Sequence[str]:
        if "b" in items:
            raise BadRecordError
        return items

    results = list(run_stages("abab", [Stage("s", run, key=str)], SMALL))
    assert [type(result) for result in results] == [Done, Failed, Done, Failed]


@pytest.mark.parametrize("part", ["cost", "key"])
def test_a_record_that_cannot_be_measured_fails_alone(part: str) -> None:
    def measure(item: int) -> int:
        if item == 2:
            raise BadRecordError
        return 1

    stage = Stage("s", lambda items: items, **{part: measure})  # type: ignore[arg-type]
    results = list(run_stages(range(4), [stage], SMALL))
    assert [i for i, result in enumerate(results) if isinstance(result, Failed)] == [2]


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
from spanport.stream import Stage, run_stages
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
    with pytest.raises(UsageError, match="window 0"):
        run_stages([], [Stage("a", list)], StreamOptions(window=0))
    with pytest.raises(UsageError, match="workers is 0"):
        Stage("a", list, workers=0)
