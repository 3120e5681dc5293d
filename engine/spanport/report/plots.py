"""Plots as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

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


def reliability_plot(title: str, found: Reliability) -> Markup:
    """Accuracy over confidence; the dashed diagonal is perfect calibration, the width of a bar its bin."""
    return draw("plots.svg", "reliability", title, found.bins)
