"""Throughput curves as one HTML page, drawn in SVG, with nothing to load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from spanport.bench.sweep import Point
from spanport.report.templates import fill

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 720, 400, 70, 700, 350, 34
"""Pixels: the drawing, and the edges of the plot in it."""

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")


class Curve(NamedTuple):
    """The points of one number of threads, in pixels, by rising budget."""

    workers: int
    colour: str
    places: list[tuple[float, float]]


def plot(points: Sequence[Point], title: str) -> str:
    """An HTML page: sentences per second against the token budget, a curve per number of threads, and the numbers."""
    budgets = sorted({point.batch_tokens for point in points})
    top = _ceiling(max(point.sentences_per_s for point in points))

    def x(budget: float) -> float:
        low, high = math.log2(budgets[0]), math.log2(budgets[-1])
        return LEFT + (RIGHT - LEFT) * ((math.log2(budget) - low) / (high - low) if high > low else 0.5)

    def y(rate: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * rate / top

    curves = []
    for i, workers in enumerate(sorted({point.workers for point in points})):
        own = sorted((p.batch_tokens, p.sentences_per_s) for p in points if p.workers == workers)
        curves.append(Curve(workers, COLOURS[i % len(COLOURS)], [(x(budget), y(rate)) for budget, rate in own]))
    return fill(
        "throughput.html",
        title=title,
        points=points,
        curves=curves,
        rates=[(y(top * step / 5), top * step / 5) for step in range(6)],
        budgets=[(x(budget), budget) for budget in budgets],
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        bottom=BOTTOM,
    )


def _ceiling(value: float) -> float:
    """The next round number."""
    scale: float = 10.0 ** math.floor(math.log10(value))
    return next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= value)
