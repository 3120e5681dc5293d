"""Documents as sentences: nothing is cut, and every span stands where it stood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanport.documents import Documents, count_sentences, joined, split_document
from spanport.errors import RecordError
from spanport.stream import Done, Failed
from spanport.types import Alignment, ProjectedSpan, Projection, Sentence, Span
from spanport.words import split_words

pytest.importorskip("sentencex", reason="the extra sentences is not installed")

TEXT = "El Dr. Ruiz vive en Lima 🙂. ¿Llegó ayer?\n\nHoy no vino.  "


def test_sentences_of_a_language() -> None:
    pieces = split_document(Sentence(TEXT, "spa_Latn", extra={"id": 7}))
    assert [piece.sentence.text for piece in pieces] == [
        "El Dr. Ruiz vive en Lima 🙂.",
        "¿Llegó ayer?",
        "Hoy no vino.",
    ]
    assert {piece.sentence.language for piece in pieces} == {"spa_Latn"}
    assert pieces[0].sentence.extra == {"id": 7}
    assert len(split_document(Sentence("これはペンです。あれは本です。", "jpn_Jpan"))) == 2
    assert len(split_document(Sentence("One. Two."))) == 2


@pytest.mark.parametrize("blank", ["", " \n\n "])
def test_a_blank_document_is_one_sentence(blank: str) -> None:
    assert [piece.sentence.text for piece in split_document(Sentence(blank))] == [blank]


PARTS = st.sampled_from(
    ["Ana vive en Lima", "Dr", ". ", "? ", "! ", "\n\n", "  ", "🙂", "。", "北京", "é", "...", "\r\n"]
)
TEXTS = st.lists(PARTS, max_size=12).map("".join)


@st.composite
def documents(draw: Any) -> Sentence:
    text = draw(TEXTS)
    words = split_words(text)
    spans = []
    for first in sorted(draw(st.sets(st.integers(0, max(0, len(words) - 1)), max_size=3)) if words else ()):
        last = draw(st.integers(first, min(first + 3, len(words) - 1)))
        if not spans or words[first][0] >= spans[-1].end:
            spans.append(Span(words[first][0], words[last][1], "PER"))
    tokenized = draw(st.booleans())
    return Sentence(text, "spa_Latn", words if tokenized else (), tuple(spans), tokenized=tokenized)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_every_character_word_and_span_is_where_it_was(document: Sentence) -> None:
    pieces, reached = split_document(document), 0
    words, spans = [], []
    for start, sentence in pieces:
        assert document.text[start : start + len(sentence.text)] == sentence.text
        assert not document.text[reached:start].strip()
        reached = start + len(sentence.text)
        words += [(a + start, b + start) for a, b in sentence.words]
        spans += [Span(span.start + start, span.end + start, span.label) for span in sentence.spans]
        assert [text for _, text in sentence.span_texts()] == [
            document.text[span.start + start : span.end + start] for span in sentence.spans
        ]
    assert not document.text[reached:].strip()
    assert tuple(words) == document.words
    assert tuple(spans) == document.spans


def projected(sentence: Sentence) -> Projection:
    """Every word a span, from the word of the source at its place: the sentence in capitals after a mark."""
    words = sentence.words or split_words(sentence.text)
    source = Sentence(f"# {sentence.text.upper()}", "eng_Latn", tuple((a + 2, b + 2) for a, b in words))
    spans = [ProjectedSpan(a, b, "X", 0.5, Span(a + 2, b + 2, "X")) for a, b in words]
    target = Sentence(sentence.text, "spa_Latn", words)
    links = Alignment(tuple((i, i) for i in range(len(words))))
    return Projection(target, tuple(spans), source, links, "feasible" if "?" in sentence.text else "optimal")


@settings(max_examples=200, deadline=None)
@given(documents())
def test_what_is_joined_is_at_the_offsets_of_the_document(document: Sentence) -> None:
    if document.text.upper() != document.text.lower() and len(document.text.upper()) != len(document.text):
        return
    starts, sentences = zip(*split_document(document), strict=True)
    found = joined(document, starts, [projected(sentence) for sentence in sentences])
    assert found.target.text == document.text
    assert found.target.language == "spa_Latn"
    assert len(found.spans) == len(found.target.words) == len(found.alignment)
    for span, (i, j) in zip(found.spans, found.alignment, strict=True):
        assert span.source is not None
        assert span.source.text_of(found.source) == span.text_of(found.target).upper()
        assert found.target.words[j] == (span.start, span.end)
        assert found.source.words[i] == (span.source.start, span.source.end)
    assert found.status == ("feasible" if "?" in document.text else "optimal")


def test_documents_come_back_in_order_and_whole() -> None:
    given_ = [Sentence(TEXT), Failed(None, RecordError("no")), Sentence(""), Sentence("Mal. Bien.")]

    def run(records: Iterator[Any]) -> Iterator[Any]:
        for record in records:
            if isinstance(record, Failed):
                yield record
            elif record.text == "Mal.":
                yield Failed(record, RecordError("too long"), "translate")
            else:
                yield Done(projected(record))

    flow = Documents()
    first, second, third, fourth = flow.join(run(flow.split(given_)))
    assert isinstance(first, Done)
    assert isinstance(third, Done)
    assert (first.value.text, third.value.text) == (TEXT, "")
    assert second is given_[1]
    assert isinstance(fourth, Failed)
    assert (str(fourth.error), fourth.stage) == ("sentence 1 of 2: too long", "translate")
    assert count_sentences(given_) == 3 + 1 + 1 + 2
