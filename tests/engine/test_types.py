from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanport.errors import FormatError, SpanError
from spanport.types import (
    Alignment,
    ProjectedSpan,
    Projection,
    Sentence,
    Span,
    check_sentence,
    check_spans,
    word_ranges,
)


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 24), max_size=12), st.lists(st.tuples(st.integers(0, 24), st.integers(1, 6)), max_size=4)
)
def test_word_ranges_are_the_words_that_a_span_touches(cuts: set[int], given_spans: list[tuple[int, int]]) -> None:
    ordered = sorted(cuts)
    words = list(zip(ordered[::2], ordered[1::2], strict=False))
    spans = [Span(start, start + length, "X") for start, length in given_spans]
    expected = []
    for span in spans:
        inside = [i for i, (start, end) in enumerate(words) if start < span.end and end > span.start]
        if inside:
            expected.append((inside[0], inside[-1] + 1, "X"))
    assert word_ranges(words, spans) == expected


def test_texts() -> None:
    sentence = Sentence("Ana Ruiz", words=((0, 3), (4, 8)), spans=(Span(4, 8, "PER"),))
    assert sentence.word_texts() == ["Ana", "Ruiz"]
    assert sentence.span_texts() == [("PER", "Ruiz")]
    assert sentence.word_spans() == [(1, 2, "PER")]


def test_labelled_replaces_the_spans_of_the_target() -> None:
    target = Sentence("Ana", spans=(Span(0, 1, "OLD"),), extra={"id": 1})
    projection = Projection(target, (ProjectedSpan(0, 3, "PER", 0.5),), Sentence("Anna"))
    assert projection.labelled() == Sentence("Ana", spans=(Span(0, 3, "PER", 0.5),), extra={"id": 1})
    assert projection.optimal
    assert len(projection.alignment) == 0


def test_alignment_iterates_over_its_links() -> None:
    assert list(Alignment(((0, 1), (2, 2)))) == [(0, 1), (2, 2)]


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        ([Span(0, 300, "PER")], "0-300 .PER. runs past the text, which has 8 characters; offsets must count"),
        ([Span(100, 300, "PER")], "100-300 .PER. runs past the text"),
        ([Span(5, 2, "PER")], "5-2 .PER. is empty; the end must be past the start"),
        ([Span(2, 2, "PER")], "2-2 .PER. is empty"),
        ([Span(-3, 2, "PER")], "-3-2 .PER. starts before the text; offsets count from 0"),
        ([Span(0, 3, "PER"), Span(2, 5, "ORG")], "2-5 .ORG. overlaps the span before it, which ends at 3; keep one"),
        ([Span(2, 5, "ORG"), Span(0, 3, "PER")], "2-5 .ORG. overlaps"),
        ([Span(0, 3, "")], "has no label; expected a name"),
        ([Span(0, 3, "PER", 1.5)], r"has the score 1.5; expected a confidence in \[0, 1\]"),
        ([Span(0, 3, "PER", float("nan"))], "has the score nan"),
    ],
)
def test_spans_that_do_not_fit_are_named(spans: list[Span], reason: str) -> None:
    with pytest.raises(SpanError, match=reason) as caught:
        check_sentence(Sentence("Ana vive", spans=tuple(spans)))
    assert caught.value.record == "Ana vive"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (((0, 3), (2, 4)), "word 2-4 is empty or starts before 3, where the word before it ends"),
        (((4, 4),), "word 4-4 is empty"),
        (((-1, 2),), "word -1-2 is empty or starts before 0"),
        (((0, 3), (4, 9)), "the words reach to character 9, past the text, which has 8 characters"),
    ],
)
def test_words_that_do_not_fit_are_named(words: tuple[tuple[int, int], ...], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        check_sentence(Sentence("Ana vive", words=words))


def test_what_fits_is_taken_in_any_order() -> None:
    spans = (Span(4, 8, "X", 1.0), Span(0, 3, "PER", 0.0))
    check_sentence(Sentence("Ana vive", words=((0, 3), (4, 8)), spans=spans))
    assert check_spans("Ana vive", spans) == spans[::-1]
