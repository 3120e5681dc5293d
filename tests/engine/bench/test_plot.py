"""The plot is one self-contained page with every point on it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from spanport.bench import Point, plot

POINTS = [
    Point(budget, workers, 40.0 * workers + budget / 100, 30.0) for workers in (1, 2) for budget in (256, 512, 1024)
]


def svg(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def test_a_curve_per_number_of_threads() -> None:
    page = plot(POINTS, "bench <mini>")
    figure = svg(page)
    assert len(figure.findall("polyline")) == 2
    circles = figure.findall("circle")
    assert len(circles) == 6
    heights = [float(circle.get("cy", "")) for circle in circles]
    assert heights[:3] == sorted(heights[:3], reverse=True)  # faster is higher
    assert all(20 <= height <= 350 for height in heights)
    assert "bench &lt;mini&gt;" in page
    assert "http" not in page
    assert "<script" not in page
    assert page.count("<tr>") == 7


@pytest.mark.parametrize("rate", [0.3, 7.0, 100.0, 251.0])
def test_a_single_point(rate: float) -> None:
    [circle] = svg(plot([Point(256, 1, rate, rate)], "one")).findall("circle")
    assert 20 <= float(circle.get("cy", "")) <= 350


def test_what_stands_on_the_page_is_escaped_and_counted() -> None:
    page = plot(POINTS, '"><svg onload=alert(1)>')
    assert "<svg onload" not in page
    assert ">1 thread per model<" in page
    assert ">2 threads per model<" in page
