from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spanport.types import Alignment, ProjectedSpan, Projection, Sentence, Span, word_ranges


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
