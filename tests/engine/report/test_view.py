"""The page to look through: what is on it, that it is text, and that a sample is an even one."""

from __future__ import annotations

import re

from html_text import text_of
from spanport.report import sample, view
from spanport.report.cards import card, with_source_spans
from spanport.types import Alignment, Pair, ProjectedSpan, Projection, Sentence, Span

ANA = Span(0, 3, "PER")
SOURCE = Sentence("Ana lives", "eng_Latn", spans=(ANA,))
PROJECTION = Projection(
    Sentence("vive Ana", "spa_Latn"), (ProjectedSpan(5, 8, "PER", 0.75, ANA),), SOURCE, Alignment(((0, 1), (1, 0)))
)


def test_source_above_target_with_links_labels_status_and_confidence() -> None:
    page = view([PROJECTION, Sentence("sin nada"), Pair(SOURCE, Sentence("Ana vive"))], "My page")
    text = " ".join(text_of(page).split())
    assert "My page" in text
    assert text.index("lives") < text.index("vive")
    assert "eng_Latn → spa_Latn · optimal" in text
    first, second, third = re.findall(r"<article (.*?)>", page)
    assert ('data-labels="0 "' in first, 'data-scores="0.75"' in first) == (True, True)
    assert ('data-links="0-1 1-0 "' in first, 'data-status="optimal"' in first) == (True, True)
    assert second == 'data-labels="" data-status="" data-scores="" data-links=""'
    assert 'data-status=""' in third
    assert page.count('data-keys="0-3"') == 2  # both ends of the projected entity, and not of the mere pair
    assert "drawn evenly" not in page


def test_hostile_records_are_text() -> None:
    evil = "<script>alert(1)</script>'\" onload=x {{ 7 * 7 }} </article>"
    spans = (Span(0, 8, evil),)
    page = view([Sentence(evil, evil, spans=spans), Pair(Sentence(evil, spans=spans), Sentence(evil))], evil)
    assert page.count("<script>") == 1
    assert "onload=x {{ 7 * 7 }}" in text_of(page)
    assert "default-src 'none'" in page


def test_of_many_records_an_even_sample_is_shown_in_order_and_said() -> None:
    drawn = sample(((line, Sentence(str(line))) for line in range(1, 100_001)), 1000)
    lines = [line for line, _ in drawn.records]
    assert (drawn.total, len(lines)) == (100_000, 1000)
    assert lines == sorted(set(lines))
    counts = [sum(low < line <= low + 25_000 for line in lines) for low in range(0, 100_000, 25_000)]
    assert all(200 < count < 300 for count in counts)
    assert sample(((line, Sentence("")) for line in range(3)), 1000).total == 3
    assert "2 of 5 records, drawn evenly" in view([Sentence("a")] * 5, most=2)


def test_sources_of_what_a_job_wrote_show_the_spans_that_were_projected() -> None:
    bare = Projection(PROJECTION.target, PROJECTION.spans, Sentence("Ana lives"))
    assert with_source_spans(bare).source.spans == (ANA,)
    assert with_source_spans(PROJECTION) is PROJECTION


def test_a_span_labelled_on_the_target_alone_is_no_partner_of_a_source_span_at_its_place() -> None:
    direct = Projection(Sentence("Ana vive"), (ProjectedSpan(0, 3, "PER", 0.5, None),), SOURCE)
    made = card(direct, 1)
    assert made.source is not None
    assert (made.target[0].keys, made.source[0].keys) == ("target-0-3", "0-3")


def test_a_projection_that_translated_nothing_has_no_source_to_show() -> None:
    assert card(Projection(Sentence("Ana"), (), Sentence("")), 1).source is None
