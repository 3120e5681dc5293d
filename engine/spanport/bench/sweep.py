"""Throughput against batch budget and threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from spanport.api import Engine
from spanport.bench.measure import timed
from spanport.models import Models
from spanport.options import WIDER, EncodeOptions, StreamOptions, TranslateOptions

BUDGETS = (256, 512, 1024, 2048, 4096)
CLOSE = 0.97
"""Settings this close to the fastest count as equal; the smaller one needs less memory."""


class Point(msgspec.Struct, frozen=True):
    """One setting and what it reaches: sentences per second of wall and of CPU time."""

    batch_tokens: int
    workers: int
    sentences_per_s: float
    sentences_per_cpu_s: float


def sweep(
    load: Callable[[int], Models],
    texts: Sequence[str],
    language: str,
    *,
    workers: Sequence[int],
    budgets: Sequence[int] = BUDGETS,
) -> Iterator[Point]:
    """Measure each number of threads with each token budget; ``load`` is called per number of threads."""
    for count in workers:
        models = load(count)
        _run(models, texts[:8], language, budgets[0], count)()
        for budget in budgets:
            taken = timed(_run(models, texts, language, budget, count))
            yield Point(budget, count, len(texts) / taken.wall_s, len(texts) / taken.cpu_s)


def _run(models: Models, texts: Sequence[str], language: str, budget: int, workers: int) -> Callable[[], None]:
    engine = Engine(
        models,
        translate=TranslateOptions(batch_tokens=WIDER * budget),
        encode=EncodeOptions(batch_tokens=budget),
        stream=StreamOptions(workers=workers, linger=None),
    )

    def run() -> None:
        for _ in engine.label(texts, lang=language, on_error="return"):
            pass

    return run


def best(points: Sequence[Point]) -> Point:
    """The smallest setting, threads first, among those about as fast as the fastest."""
    top = max(point.sentences_per_s for point in points)
    close = [point for point in points if point.sentences_per_s >= CLOSE * top]
    return min(close, key=lambda point: (point.workers, point.batch_tokens))
