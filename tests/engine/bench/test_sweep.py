"""Trying out settings."""

from __future__ import annotations

from runtimes import bench_models
from spanport.bench import Point, best, sweep


def test_every_setting_is_measured_once() -> None:
    loaded = []

    def load(workers: int):  # type: ignore[no-untyped-def]
        loaded.append(workers)
        return bench_models()

    points = list(sweep(load, ["uno dos", "tres"] * 5, "spa_Latn", workers=[1, 2], budgets=[16, 64]))
    assert [(p.workers, p.batch_tokens) for p in points] == [(1, 16), (1, 64), (2, 16), (2, 64)]
    assert loaded == [1, 2]
    assert all(p.sentences_per_s > 0 and p.sentences_per_cpu_s > 0 for p in points)


def test_the_smallest_among_the_fastest_is_best() -> None:
    points = [Point(256, 1, 50, 1), Point(512, 1, 98, 1), Point(1024, 1, 99, 1), Point(512, 2, 100, 1)]
    assert best(points) == points[1]
    assert best([*points, Point(256, 2, 150, 1)]) == Point(256, 2, 150, 1)
