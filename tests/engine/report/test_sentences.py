from __future__ import annotations

import re

from spanport.evaluate import Disagreement
from spanport.report.sentences import coloured, disagreement, hues, labels_of
from spanport.types import Sentence, Span

COLOURS = hues(["X", "Y"])


def test_hues_are_fixed_or_distinct() -> None:
    made = hues(["PER", "B", "A", "C"])
    assert made["PER"] == 210
    assert len({made[label] for label in ("A", "B", "C")}) == 3
    assert made == hues(["C", "A", "B"])


def test_text_and_labels_are_escaped() -> None:
    html = coloured(Sentence("<b>&", spans=(Span(0, 3, "<i>"),)), hues(["<i>"]))
    assert "&lt;b&gt;" in html
    assert "&lt;i&gt;</b>" in html
    assert html.endswith("</mark>&amp;")


def test_confidence_is_a_hint() -> None:
    assert 'title="confidence 0.500"' in coloured(Sentence("ab", spans=(Span(0, 1, "X", 0.5),)), COLOURS)


def test_overlapping_spans_lose_no_text() -> None:
    html = coloured(Sentence("abcd", spans=(Span(1, 4, "Y"), Span(0, 2, "X"), Span(2, 3, "X"))), COLOURS)
    assert re.findall(r">(\w+)<b dir='ltr'>(\w)</b>", html) == [("ab", "X"), ("cd", "Y")]


def test_right_to_left_text_keeps_its_direction() -> None:
    item = Disagreement(4, Sentence("في القاهرة", spans=(Span(3, 10, "X"),)), {"a": Sentence("في القاهرة")})
    html = disagreement(item, COLOURS)
    assert html.count("dir='auto'") == 2
    assert "sentence 5" in html


def test_systems_that_agree_share_a_line() -> None:
    one, two = Sentence("ab", spans=(Span(0, 1, "X"),)), Sentence("ab")
    item = Disagreement(
        0, one, {"a": one, "b": two, "c": Sentence("ab", spans=(Span(0, 1, "X", 0.5),))}, Sentence("AB")
    )
    html = disagreement(item, COLOURS)
    assert "<span>a, c</span>" in html
    assert html.index("<span>source</span>") < html.index("<span>gold</span>") < html.index("<span>b</span>")
    assert labels_of([item]) == {"X"}
