"""Throughput curves as one HTML page, drawn in SVG, with nothing to load."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from spanport.bench.sweep import Point

Scale = Callable[[float], float]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 400, 70, 50, 20
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:760px;color:#222}}
svg{{width:100%;height:auto}} text{{font:12px system-ui,sans-serif;fill:#444}}
table{{border-collapse:collapse}} td,th{{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}}</style>
</head><body><h1>{title}</h1>{figure}{table}</body></html>
"""


def plot(points: Sequence[Point], title: str) -> str:
    """An HTML page: sentences per second against the token budget, a curve per number of threads, and the numbers."""
    return PAGE.format(title=html.escape(title), figure=_figure(points), table=_table(points))


def _figure(points: Sequence[Point]) -> str:
    budgets = sorted({point.batch_tokens for point in points})
    top = _ceiling(max(point.sentences_per_s for point in points))

    def x(budget: float) -> float:
        low, high = math.log2(budgets[0]), math.log2(budgets[-1])
        return LEFT + (WIDTH - LEFT - 20) * ((math.log2(budget) - low) / (high - low) if high > low else 0.5)

    def y(rate: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * rate / top

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="throughput">']
    for step in range(6):
        rate = top * step / 5
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(rate):.1f}" y2="{y(rate):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(rate) + 4:.1f}" text-anchor="end">{rate:g}</text>')
    parts += [
        f'<text x="{x(budget):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{budget}</text>'
        for budget in budgets
    ]
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">tokens in a batch</text>')
    parts.append(f'<text x="8" y="{TOP - 6}">sentences per second</text>')
    for i, workers in enumerate(sorted({point.workers for point in points})):
        parts.append(_curve([p for p in points if p.workers == workers], workers, x, y, i))
    return "".join([*parts, "</svg>"])


def _curve(points: Sequence[Point], workers: int, x: Scale, y: Scale, i: int) -> str:
    colour = COLOURS[i % len(COLOURS)]
    places = [(x(p.batch_tokens), y(p.sentences_per_s)) for p in sorted(points, key=lambda p: p.batch_tokens)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places)
    name = f"{workers} thread{'s' * (workers > 1)} per model"
    legend = f'<text x="{LEFT + 12}" y="{TOP + 16 + 18 * i}" style="fill:{colour}">{name}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{legend}'


def _table(points: Sequence[Point]) -> str:
    head = "<tr><th>threads</th><th>tokens in a batch</th><th>sentences/s</th><th>sentences/CPU-s</th></tr>"
    rows = "".join(
        f"<tr><td>{p.workers}</td><td>{p.batch_tokens}</td><td>{p.sentences_per_s:.1f}</td>"
        f"<td>{p.sentences_per_cpu_s:.1f}</td></tr>"
        for p in points
    )
    return f"<table>{head}{rows}</table>"


def _ceiling(value: float) -> float:
    """The next round number."""
    scale: float = 10.0 ** math.floor(math.log10(value))
    return next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= value)
