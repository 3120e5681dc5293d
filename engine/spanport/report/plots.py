"""Plots as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from spanport.evaluate import Interval, Reliability

ROW = 24
NAME = 170
WIDTH = 640
SIDE = 200


def interval_bars(title: str, rows: Sequence[tuple[str, Interval]], best: str = "") -> str:
    """Horizontal bars of figures in [0, 1] with whiskers for their intervals; the bar called `best` stands out."""
    height = ROW * len(rows) + 22
    scale = WIDTH - NAME - 60
    parts = [_grid(height - 20, scale)]
    for i, (name, figure) in enumerate(rows):
        y, width = ROW * i, figure.value * scale
        low, high = NAME + figure.low * scale, NAME + figure.high * scale
        kind = "best" if name == best else "bar"
        parts.append(
            f'<text x="{NAME - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{NAME}" y="{y + 4}" width="{width:.1f}" height="{ROW - 8}"/>'
            f'<path class="whisker" d="M{low:.1f} {y + 12}H{high:.1f}M{low:.1f} {y + 8}v8M{high:.1f} {y + 8}v8"/>'
            f'<text x="{high + 6:.1f}" y="{y + 16}">{figure.value:.3f}</text>'
        )
    return _svg(title, WIDTH, height, "".join(parts))


def bars(title: str, rows: Sequence[tuple[str, float]], unit: str) -> str:
    """Horizontal bars of figures of 0 or more, the longest filling the width."""
    top = max((value for _, value in rows), default=0.0) or 1.0
    scale = (WIDTH - NAME - 90) / top
    parts = []
    for i, (name, value) in enumerate(rows):
        y, width = ROW * i, value * scale
        parts.append(
            f'<text x="{NAME - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="bar" x="{NAME}" y="{y + 4}" width="{width:.1f}" height="{ROW - 8}"/>'
            f'<text x="{NAME + width + 6:.1f}" y="{y + 16}">{value:.3g} {escape(unit)}</text>'
        )
    return _svg(title, WIDTH, ROW * len(rows), "".join(parts))


def reliability_plot(title: str, found: Reliability) -> str:
    """Accuracy over confidence; the dashed diagonal is perfect calibration, the width of a bar its bin."""
    parts = [f'<path class="axis" fill="none" d="M30 0V{SIDE}H{SIDE + 30}"/>']
    for bin in found.bins:
        x, width, height = 31 + bin.low * SIDE, (bin.high - bin.low) * SIDE - 2, bin.accuracy * SIDE
        hint = f"confidence {bin.confidence:.3f}, accuracy {bin.accuracy:.3f}, {bin.count} spans"
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{SIDE - height:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}"><title>{hint}</title></rect>'
            f'<circle class="best" cx="{30 + bin.confidence * SIDE:.1f}" cy="{SIDE - height:.1f}" r="3"/>'
        )
    parts.append(f'<path class="ideal" d="M30 {SIDE}L{SIDE + 30} 0"/>')
    parts += [
        f'<text x="{30 + at * SIDE:.0f}" y="{SIDE + 16}" text-anchor="middle">{at:g}</text>' for at in (0, 0.5, 1)
    ]
    parts += [f'<text x="24" y="{(1 - at) * SIDE + 10:.0f}" text-anchor="end">{at:g}</text>' for at in (0.5, 1)]
    return _svg(title, SIDE + 50, SIDE + 22, "".join(parts))


def _grid(height: int, scale: int) -> str:
    lines = []
    for tenth in range(0, 11, 2):
        x = NAME + tenth / 10 * scale
        lines.append(
            f'<path class="axis" d="M{x:.1f} 0V{height}"/>'
            f'<text x="{x:.1f}" y="{height + 16}" text-anchor="middle">{tenth / 10:g}</text>'
        )
    return "".join(lines)


def _svg(title: str, width: int, height: int, body: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{body}</svg>'
    )
