"""Identical records share a result; one bad record fails alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fake_stages import BadRecordError
from spanport.options import StreamOptions
from spanport.stream import Done, Failed, Stage, Stats, run_stages

SMALL = StreamOptions(window=8, lookahead=4)


def test_batches_say_what_they_cost() -> None:
    stats = Stats()
    stage = Stage("s", lambda items: items, cost=len, budget=9, max_items=3)
    list(run_stages(["a" * n for n in (3, 5, 3, 2, 3)], [stage], SMALL, stats=stats))
    (found,) = stats.snapshot().stages
    assert (found.batches, found.cost, found.padded) == (3, 16, 17)


@pytest.mark.parametrize(("even", "sizes"), [(False, [4, 4, 1]), (True, [4, 5])])
def test_an_even_stage_leaves_no_small_batch_over(even: bool, sizes: list[int]) -> None:
    seen: list[int] = []
    stage = Stage("s", lambda items: seen.append(len(items)) or items, cost=len, budget=8, even=even)  # type: ignore[func-returns-value]
    list(run_stages(["ab"] * 9, [stage], StreamOptions(window=32, lookahead=16, linger=None)))
    assert seen == sizes


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


def test_what_failed_is_not_remembered() -> None:
    calls = 0

    def run(items: Sequence[str]) -> Sequence[str]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise BadRecordError
        return items

    options = StreamOptions(window=2, lookahead=1, cache=10, linger=None)
    results = list(run_stages("aaa", [Stage("s", run, key=str)], options))
    assert [type(result) for result in results] == [Failed, Done, Done]
    assert calls == 2


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
