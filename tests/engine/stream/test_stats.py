"""Counters, padding, starvation, memory."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time

import pytest

from fake_stages import faulty, numbered
from spanport.options import StreamOptions
from spanport.stream import Stage, Stats, run_stages
from spanport.stream import stats as module
from spanport.stream.stats import StageStats

OPTIONS = StreamOptions(window=16, lookahead=8, linger=None)


def test_what_a_run_counts() -> None:
    stats = Stats()
    lengths = [1, 5, 3, 5, 2, 4, 1, 1]
    stage = Stage("count", lambda items: items, cost=lambda item: item, budget=10)
    list(run_stages(lengths, [stage, faulty_length()], OPTIONS, stats=stats))
    snapshot = stats.snapshot()
    assert (snapshot.records, snapshot.rejects) == (8, 1)
    first, second = snapshot.stages
    assert (first.name, first.items, first.batches) == ("count", 8, 3)
    assert (first.cost, first.padded) == (22, 10 + 8 + 8)
    assert first.padding_share == pytest.approx(1 - 22 / 26)
    assert (second.items, second.rejects, second.retries) == (8, 1, 6)
    assert first.queued == second.queued == 0
    assert first.queued_peak == 8


def faulty_length() -> Stage:
    def run(items: list[int]) -> list[int]:
        if 4 in items:
            raise ValueError
        return items

    return Stage("fussy", run)  # type: ignore[arg-type]


def test_the_snapshot_is_json() -> None:
    stats = Stats()
    list(run_stages(numbered(3), [faulty("a")], OPTIONS, stats=stats))
    document = json.loads(stats.snapshot().to_json())
    assert document["stages"][0]["name"] == "a"
    assert document["peak_rss"] > 1_000_000
    assert 0 <= document["stages"][0]["padding_share"] < 1


def test_busy_and_waiting_time_are_told_apart() -> None:
    stats = Stats()
    slow = Stage("slow", lambda items: time.sleep(0.02) or items)  # type: ignore[func-returns-value]
    quick = Stage("quick", lambda items: items)
    list(run_stages(range(40), [slow, quick], OPTIONS, stats=stats))
    first, second = stats.snapshot().stages
    assert first.busy_s >= 0.1
    assert second.busy_s < first.busy_s / 2
    assert second.wait_s > 0.05


def starving() -> Stats:
    stats = Stats()
    stats.open({"translate": 2, "encode": 1})
    stats.add("translate", busy_s=79.0)
    stats.add("encode", busy_s=10.0, wait_s=29.0)
    return stats


def test_a_starving_stage_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "available_cores", lambda: 4)
    monkeypatch.setattr(module, "_load", lambda: 2.5)
    monkeypatch.setattr(module.time, "process_time", lambda: 80.0)
    stats = starving()
    stats._cpu = 0.0
    with caplog.at_level(logging.WARNING):
        stats.check_balance()
        assert not caplog.records  # too early to tell
        stats._started -= 40
        stats.check_balance()
        stats.check_balance()
    assert [record.getMessage() for record in caplog.records] == [
        "stage translate (busy 99% of the time) starves stage encode (waiting 72%), and 50% of the cores' time is "
        "unused: give it more workers"
    ]


@pytest.mark.parametrize(("spent", "load"), [(79.0, 1.0), (10.0, 9.0)], ids=["at this work", "at other work"])
def test_no_warning_where_all_cores_are_at_work(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, spent: float, load: float
) -> None:
    monkeypatch.setattr(module, "available_cores", lambda: 2)
    monkeypatch.setattr(module, "_load", lambda: load)
    stats = starving()
    stats._started -= 40
    stats._cpu -= spent
    with caplog.at_level(logging.WARNING):
        stats.check_balance()
    assert not caplog.records


@pytest.mark.parametrize(
    ("busy", "later_busy", "later_wait", "starving"),
    [(9.5, 2.0, 7.0, True), (8.0, 2.0, 7.0, False), (9.5, 0.1, 9.8, False), (9.5, 8.0, 1.0, False)],
)
def test_who_counts_as_starving(busy: float, later_busy: float, later_wait: float, starving: bool) -> None:
    stages = [StageStats("a", busy_s=busy), StageStats("b", busy_s=later_busy, wait_s=later_wait)]
    assert (module._starving(stages, 10.0) is not None) is starving


MEMORY_SCRIPT = """
import sys
from spanport.options import StreamOptions
from spanport.stream import Stage, Stats, run_stages
stages = [Stage(n, lambda b: [bytes(2000) for _ in b], cost=lambda x: 5) for n in "abc"]
stats = Stats()
for _ in run_stages((str(i) * 20 for i in range(int(sys.argv[1]))), stages, StreamOptions(), stats=stats):
    pass
print(stats.snapshot().peak_rss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_input() -> None:
    def peak(count: int) -> int:
        command = [sys.executable, "-c", MEMORY_SCRIPT, str(count)]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert peak(200_000) < 1.05 * peak(20_000)
