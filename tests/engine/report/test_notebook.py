"""What notebooks show, and the drawing of a pair."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from html_text import text_of
from spanport import Alignment, Pair, ProjectedSpan, Projection, Sentence, Span
from spanport.report.ladder import ladder
from spanport.report.sentences import hues
from spanport.words import with_words

SOURCE = Sentence("Ana lives in Lima.", "eng_Latn", spans=(Span(0, 3, "PER"), Span(13, 17, "LOC")))
TARGET = Sentence("Ana vive en Lima.", "spa_Latn")
LINKS = Alignment(((0, 0), (1, 1), (3, 3)))


def test_a_sentence_is_its_text_with_marks() -> None:
    page = SOURCE._repr_html_()
    assert "Ana PER lives in Lima LOC .".replace(" ", "") in text_of(page).replace(" ", "")
    assert "<svg" not in page


def test_a_pair_without_links_is_two_lines_and_with_links_a_drawing() -> None:
    plain, drawn = Pair(SOURCE, TARGET)._repr_html_(), Pair(SOURCE, TARGET, LINKS)._repr_html_()
    assert plain.index("lives") < plain.index("vive")
    assert "<svg" not in plain
    svg = ET.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])
    assert len(list(svg.iter("path"))) == 3
    assert [text.text for text in svg.iter("text")][:2] == ["PER", "LOC"]


def test_a_projection_shows_its_spans_and_a_status_that_is_not_optimal() -> None:
    projection = Projection(TARGET, (ProjectedSpan(0, 3, "PER", 0.5, SOURCE.spans[0]),), SOURCE, LINKS, "feasible")
    page = projection._repr_html_()
    assert page.count("<rect") == 3
    assert "feasible" in page
    assert "feasible" not in Projection(TARGET, (), SOURCE)._repr_html_()


def test_texts_and_labels_run_nothing() -> None:
    evil = '<script>alert(1)</script> " onload=x'
    sentence = Sentence(evil, spans=(Span(0, 8, evil),))
    for record in (sentence, Pair(sentence, sentence), Pair(sentence, sentence, Alignment(((0, 0),)))):
        page = record._repr_html_()
        assert "<script" not in page
        text_of(page)


def test_words_stand_side_by_side_and_lines_join_their_middles() -> None:
    drawing = ladder(with_words(SOURCE), with_words(TARGET), LINKS, hues(()))
    for row in (drawing.source, drawing.target):
        assert all(a.middle + a.half < b.middle - b.half for a, b in itertools.pairwise(row))
        assert row[-1].middle + row[-1].half < drawing.width
    assert drawing.lines[2] == (drawing.source[3].middle, drawing.target[3].middle)
    lima = drawing.source_spans[1]
    assert lima.middle - lima.half < drawing.source[3].middle < lima.middle + lima.half


def test_arabic_runs_from_the_right_and_wide_letters_take_room() -> None:
    arabic = with_words(Sentence("في القاهرة", "arb_Arab"))
    drawing = ladder(with_words(TARGET), arabic, Alignment(((0, 9), (0, 0))), {})
    assert drawing.target[0].middle > drawing.target[1].middle
    assert drawing.lines == [(drawing.source[0].middle, drawing.target[0].middle)]  # the other has no such word
    (wide,) = ladder(Sentence("東京", words=((0, 2),)), TARGET, Alignment(), {}).source
    (narrow,) = ladder(Sentence("il", words=((0, 2),)), TARGET, Alignment(), {}).source
    assert wide.half > 2 * narrow.half


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (Sentence("Ana"), "<Sentence 'Ana'>"),
        (SOURCE, "<Sentence eng_Latn 'Ana lives in Lima.' PER 'Ana', LOC 'Lima'>"),
        (Sentence("a" * 90, spans=(Span(0, 1, "X", 0.256),)), f"<Sentence '{'a' * 80}...' X 'a' 0.26>"),
        (Pair(Sentence("a"), Sentence("b")), "<Pair <Sentence 'a'> -> <Sentence 'b'>, no links given>"),
        (
            Pair(Sentence("a"), Sentence("b"), Alignment(((0, 0),))),
            "<Pair <Sentence 'a'> -> <Sentence 'b'>, 1 link>",
        ),
        (
            Projection(TARGET, (ProjectedSpan(12, 16, "LOC", 0.9, SOURCE.spans[1]),), SOURCE, status="unmet"),
            "<Projection spa_Latn 'Ana vive en Lima.' LOC 'Lima' 0.90 from 'Lima' unmet>",
        ),
    ],
)
def test_reprs_are_a_line_that_a_person_reads(record: object, line: str) -> None:
    assert repr(record) == line
