from __future__ import annotations

import re

from spanport.evaluate import Disagreement
from spanport.report.sentences import coloured, grouped, hues, labels_of, stretches
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
    assert 'title="confidence X 0.500"' in coloured(Sentence("ab", spans=(Span(0, 1, "X", 0.5),)), COLOURS)


def test_overlapping_and_nested_spans_lose_no_text_and_no_label() -> None:
    html = coloured(Sentence("abcd", spans=(Span(1, 4, "Y"), Span(0, 2, "X"), Span(2, 3, "X"))), COLOURS)
    assert re.sub(r"<b.*?</b>|<[^>]+>", "", html) == "abcd"
    assert re.findall(r">(\w)(?:<b dir=\"ltr\">(\w)</b>)?</mark>", html) == [
        ("a", ""), ("b", "X"), ("c", "X"), ("d", "Y")
    ]  # fmt: skip


def test_spans_past_the_text_are_cut_and_empty_ones_are_not_shown() -> None:
    made = stretches("abc", [Span(1, 99, "X"), Span(2, 2, "Y"), Span(7, 9, "Y")], COLOURS)
    assert ["".join(part.text for part in stretch.parts) for stretch in made] == ["a", "bc"]
    assert [stretch.tags for stretch in made] == [(), ()]


def test_words_are_numbered_and_whitespace_between_them_is_not() -> None:
    made = stretches("Ana  Ruiz.", [Span(0, 9, "X")], COLOURS, [(0, 3), (5, 9), (9, 10)])
    assert [stretch.parts for stretch in made] == [[("Ana", 0), ("  ", None), ("Ruiz", 1)], [(".", 2)]]
    cut = stretches("Anita", [Span(0, 3, "X")], COLOURS, [(0, 5)])
    assert [stretch.parts for stretch in cut] == [[("Ani", 0)], [("ta", 0)]]


def test_the_source_comes_first_and_systems_that_agree_share_a_line() -> None:
    one, two = Sentence("ab", spans=(Span(0, 1, "X"),)), Sentence("ab")
    item = Disagreement(
        0, one, {"a": one, "b": two, "c": Sentence("ab", spans=(Span(0, 1, "X", 0.5),))}, Sentence("AB")
    )
    assert [name for name, _ in grouped(item)] == ["source", "gold", "a, c", "b"]
    assert [name for name, _ in grouped(Disagreement(0, one, {"b": two}))] == ["gold", "b"]
    assert labels_of([item]) == {"X"}
