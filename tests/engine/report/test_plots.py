from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spanport.evaluate import Interval, reliability
from spanport.report.plots import bars, interval_bars, reliability_plot

NAME, WIDTH, SIDE = 170, 640, 200  # of the template: columns of names, whole drawings, sides of squares


def shapes(svg: str, kind: str) -> list[dict[str, str]]:
    return [element.attrib for element in ET.fromstring(svg).iter() if element.tag == kind]


def test_bars_are_as_long_as_their_figures() -> None:
    rows = [("a<b>", Interval(0.5, 0.4, 0.6)), ("c", Interval(1.0, 1.0, 1.0)), ("none", Interval(0.0, 0.0, 0.0))]
    svg = interval_bars("F1 & more", rows, best="c")
    drawn = shapes(svg, "rect")
    widths = [float(bar["width"]) for bar in drawn]
    assert widths[0] == pytest.approx(widths[1] / 2)
    assert widths[2] == 0
    assert [bar["class"] for bar in drawn] == ["bar", "best", "bar"]
    assert NAME + widths[1] < WIDTH


def test_every_name_is_shown() -> None:
    svg = bars("seconds", [("a&b", 2.0), ("c", 4.0)], "s")
    texts = [element.text for element in ET.fromstring(svg).iter("text")]
    assert texts == ["a&b", "2 s", "c", "4 s"]
    widths = [float(bar["width"]) for bar in shapes(svg, "rect")]
    assert widths[1] == pytest.approx(2 * widths[0])
    assert shapes(bars("nothing", [("a", 0.0)], "s"), "rect")[0]["width"] == "0.0"


def test_reliability_bars_stand_at_their_accuracy() -> None:
    found = reliability(np.array([0.25, 0.95, 0.95]), np.array([True, True, False]))
    drawn = shapes(reliability_plot("r", found), "rect")
    assert [float(bar["height"]) for bar in drawn] == [SIDE, SIDE / 2]
    assert float(drawn[0]["x"]) < float(drawn[1]["x"])
