from __future__ import annotations

import re

from html_text import text_of
from spanport.evaluate import Comparison, compare
from spanport.report import render
from spanport.types import Sentence, Span

TEXT = "Ana & Eva viven en Lugo"
GOLD = Sentence(TEXT, spans=(Span(0, 3, "PER"), Span(6, 9, "PER"), Span(19, 23, "LOC")))


def comparison(title: str = "Español <es>") -> Comparison:
    good = Sentence(TEXT, spans=(Span(0, 3, "PER", 0.9), Span(6, 9, "PER", 0.8), Span(19, 23, "LOC", 0.9)))
    bad = Sentence(TEXT, spans=(Span(0, 9, "PER"),))
    source = Sentence("Ana & Eva live in Lugo", spans=(Span(0, 3, "PER"),))
    return compare(
        title,
        [GOLD] * 5,
        {"bad": [bad] * 5, "good": [good] * 4 + [bad]},
        sources=[source] * 5,
        seconds={"bad": 1.5, "good": 3.0},
        options={"good": "tau=0.5 <&>"},
        keep=2,
    )


def test_everything_is_on_the_page() -> None:
    page = render(comparison(), "My <comparison>")
    text = text_of(page)
    for expected in (
        "My <comparison>",
        "Español <es>",
        "tau=0.5 <&>",
        "Ana",
        "live in",
        "sentence 1",
        "3 s",
        "missed",
    ):
        assert expected in text
    assert "4 of 5 sentences; the first 2 are shown" in text
    assert page.count("<details open>") == 2
    assert "reliability of good" in page
    assert "reliability of bad" not in page


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = render(comparison())
    assert not re.search(r"https?://|<script|<link|<img|url\(|@import", page)
    assert "light-dark(" in page


def test_the_best_system_stands_out() -> None:
    assert re.search(r'<tr class="best">\s*<td>good</td>', render(comparison()))


def test_several_data_sets_have_an_overview() -> None:
    one, two = comparison("es"), compare("de", [GOLD], {"good": [GOLD]})
    text = text_of(render([one, two]))
    assert "F1 by data set" in text
    assert "F1 by data set" not in text_of(render(one))


def test_a_single_system() -> None:
    sentence = Sentence("Ana", spans=(Span(0, 3, "PER"),))
    text = text_of(render(compare("es", [sentence], {"only": [sentence]})))
    assert "Agreement" not in text
    assert "differ" not in text.split("Mistakes")[1]


def test_labels_names_and_texts_run_nothing() -> None:
    evil = "<script>alert(1)</script>'\" onload=x {{ 7 * 7 }}"
    gold = Sentence(evil, spans=(Span(0, 8, evil),))
    found = compare(evil, [gold], {evil: [gold], "b": [Sentence(evil)]}, sources=[gold], options={evil: evil})
    page = render([found, found], evil)
    assert "<script" not in page
    assert "onload=x {{ 7 * 7 }}" in text_of(page)


def test_sentences_keep_their_direction() -> None:
    arabic = Sentence("في القاهرة", spans=(Span(3, 10, "X"),))
    page = render(compare("ar", [arabic], {"a": [arabic], "b": [Sentence("في القاهرة")]}))
    assert page.count('<p dir="auto">') == 3
