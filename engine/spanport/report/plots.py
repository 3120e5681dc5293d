"""Plots as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor

from markupsafe import Markup

from spanport.evaluate import Interval, Reliability
from spanport.report.templates import draw


def interval_bars(title: str, rows: Sequence[tuple[str, Interval]], best: str = "") -> Markup:
    """Horizontal bars of figures in [0, 1] with whiskers for their intervals; the bar called `best` stands out."""
    return draw("plots.svg", "interval_bars", title, rows, best)


def bars(title: str, rows: Sequence[tuple[str, float]], unit: str) -> Markup:
    """Horizontal bars of figures of 0 or more, the longest filling the width."""
    top = max((value for _, value in rows), default=0.0) or 1.0
    return draw("plots.svg", "bars", title, rows, top, unit)


def lines_plot(title: str, lines: Mapping[str, Sequence[tuple[int, float]]]) -> Markup:
    """Figures in [0, 1] over whole numbers, a line for each name; a file of its own, with its styles."""
    points = [point for line in lines.values() for point in line]
    low, high = (bound([y for _, y in points], default=0.0) for bound in (min, max))
    bottom, top = max(0.0, floor(20 * low) / 20), min(1.0, ceil(20 * high) / 20)
    numbers = sorted({x for x, _ in points})
    return draw("plots.svg", "lines", title, list(lines.items()), numbers, bottom, max(top, bottom + 0.05))


def reliability_plot(title: str, found: Reliability) -> Markup:
    """Accuracy over confidence; the dashed diagonal is perfect calibration, the width of a bar its bin."""
    return draw("plots.svg", "reliability", title, found.bins)
