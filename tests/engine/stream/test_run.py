"""Order, exactly once, back-pressure, errors in their place, and no thread left behind."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_stages import BadRecordError, composition, faulty, numbered, stream_threads
from spanport.errors import RecordError, StageError
from spanport.options import StreamOptions
from spanport.stream import Done, Failed, Stats, run_stages
from spanport.stream.batches import lookahead

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
