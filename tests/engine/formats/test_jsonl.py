from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.errors import EncodingError, FormatError, LabelSchemeError, RecordError, SpanError
from spanport.formats import FORMATS, Read, Rejected, read
from spanport.formats.jsonl import parse_record
from spanport.types import ProjectedSpan, Projection, Sentence, Span
from spanport.words import with_words

encode = FORMATS["jsonl"].encode
any_text = st.text(st.characters(exclude_categories=["Cs"]))


def results(data: bytes) -> list[Read | Rejected]:
    return list(read(io.BytesIO(data), "jsonl"))  # type: ignore[arg-type]


def record(**fields: Any) -> Sentence:
    return parse_record(json.dumps(fields))


def test_text_and_spans() -> None:
    ana = {"start": 0, "end": 3, "label": "PER", "score": 0.5, "text": "Ana"}
    sentence = record(text="Ana y Lugo", spans=[{"start": 6, "end": 10, "label": "LOC"}, ana])
    assert sentence == Sentence("Ana y Lugo", spans=(Span(0, 3, "PER", 0.5), Span(6, 10, "LOC")))


def test_tokens_and_labels() -> None:
    sentence = record(tokens=["Ana", "Ruiz", "vive"], labels=["I-PER", "I-PER", "O"], language="es")
    assert sentence.text == "Ana Ruiz vive"
    assert sentence.span_texts() == [("PER", "Ana Ruiz")]
    assert sentence.language == "spa_Latn"
    assert sentence.tokenized


def test_tokens_are_found_in_the_text() -> None:
    sentence = record(text="Ana,  Ruiz.", tokens=["Ana", ",", "Ruiz", "."], labels=["B-X", "O", "B-X", "O"])
    assert sentence.words == ((0, 3), (3, 4), (6, 10), (10, 11))
    assert sentence.span_texts() == [("X", "Ana"), ("X", "Ruiz")]


def test_tokens_with_spans() -> None:
    sentence = record(tokens=["Ana", "vive"], spans=[{"start": 0, "end": 3, "label": "PER"}])
    assert sentence.word_spans() == [(0, 1, "PER")]


def test_overlapping_spans_are_read() -> None:
    sentence = record(text="abc", spans=[[1, 3, "X"], [0, 2, "Y"]])
    assert sentence.spans == (Span(0, 2, "Y"), Span(1, 3, "X"))


def test_tags_beside_spans_must_say_the_same() -> None:
    both = {"tokens": ["Ana", "vive"], "ner_tags": ["B-PER", "O"], "spans": [{"start": 0, "end": 3, "label": "PER"}]}
    assert record(**both).span_texts() == [("PER", "Ana")]
    with pytest.raises(FormatError, match='both "labels" and "spans" are there and say different things'):
        record(**{**both, "ner_tags": ["O", "B-PER"]})


def test_other_fields_are_kept() -> None:
    sentence = record(text="Ana", id=7, meta={"a": [1, None]}, source="news")
    assert sentence.extra == {"id": 7, "meta": {"a": [1, None]}, "source": "news"}
    assert json.loads(encode(sentence)) == {"text": "Ana", "spans": [], **sentence.extra}


@pytest.mark.parametrize(
    ("line", "error", "reason"),
    [
        ("{", FormatError, "not a record"),
        ("[]", FormatError, "Expected `object`"),
        ("null", FormatError, "Expected `object`"),
        ("{}", FormatError, 'neither "text" nor "tokens"'),
        ('{"text": 1}', FormatError, r"Expected `str \| null`, got `int` - at `\$.text`"),
        ('{"text": "\\ud800"}', FormatError, "not a record"),
        ('{"text": "a", "labels": ["O"]}', FormatError, 'needs "tokens"'),
        ('{"text": "a", "spans": 5}', FormatError, "Expected `array"),
        ('{"tokens": ["a"], "labels": []}', FormatError, "1 tokens but 0 labels"),
        ('{"tokens": ["a", ""]}', FormatError, "length >= 1"),
        ('{"tokens": ["a"], "labels": ["X-PER"]}', LabelSchemeError, "X-PER"),
        ('{"tokens": ["a"], "labels": ["O"], "spans": [{"start":0,"end":1,"label":"X"}]}', FormatError, "both"),
        ('{"text": "ab", "tokens": ["b", "a"]}', FormatError, "token 1"),
        ('{"text": "a", "language": "klingon"}', FormatError, "unknown language"),
        ('{"text": "abc", "spans": [{"start": 0, "end": 4, "label": "X"}]}', SpanError, "runs past the text"),
        ('{"text": "abc", "spans": [{"start": 1, "end": 1, "label": "X"}]}', SpanError, "is empty"),
        ('{"text": "abc", "spans": [{"start": 2, "end": 1, "label": "X"}]}', SpanError, "is empty"),
        ('{"text": "abc", "spans": [{"start": -1, "end": 1, "label": "X"}]}', FormatError, ">= 0"),
        ('{"text": "abc", "spans": [{"start": 0, "end": 1, "label": ""}]}', FormatError, "length >= 1"),
        ('{"text": "abc", "spans": [{"start": "0", "end": 1, "label": "X"}]}', FormatError, "Expected `int`"),
        ('{"text": "abc", "spans": [{"start": 0, "end": 1, "label": "X", "score": 2}]}', FormatError, "<= 1"),
        ('{"text": "abc", "spans": {"start": 0}}', FormatError, "Expected `array"),
        ('{"text": "😀b", "spans": [{"start": 2, "end": 3, "label": "X", "text": "b"}]}', SpanError, "runs past"),
        ('{"text": "éab", "spans": [{"start": 2, "end": 3, "label": "X", "text": "a"}]}', SpanError, "not bytes"),
        ("[" * 100_000, FormatError, "not a record"),
    ],
)  # fmt: skip
def test_bad_records(line: str, error: type[RecordError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        parse_record(line)
    first, bad, last = results(f'{{"text": "a"}}\n{line}\n{{"text": "b"}}\n'.encode())
    assert isinstance(first, Read)
    assert isinstance(bad, Rejected)
    assert (bad.line, bad.error.line, bad.record) == (2, 2, line)
    assert isinstance(last, Read)


def test_bad_bytes_and_empty_lines() -> None:
    bad, empty = results(b'{"text": "\xff"}\n\n')
    assert isinstance(bad, Rejected)
    assert isinstance(bad.error, EncodingError)
    assert empty == Read(2, Sentence(""))


@given(any_text, st.data())
def test_round_trip_of_text(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    scores = st.none() | st.floats(0, 1)
    spans = tuple(
        Span(a, b, data.draw(any_text.filter(bool)), data.draw(scores))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    )
    sentence = Sentence(text, spans=spans, extra={"id": [text]})
    assert parse_record(encode(sentence).decode()) == sentence


@given(st.lists(any_text.filter(bool)))
def test_round_trip_of_tokens(tokens: list[str]) -> None:
    sentence = record(tokens=tokens, labels=["B-X"] * len(tokens))
    assert parse_record(encode(sentence).decode()) == sentence


@given(any_text)
def test_round_trip_of_tokens_in_a_text(text: str) -> None:
    words = with_words(Sentence(text))
    sentence = Sentence(text, words=words.words, tokenized=True)
    if "".join(words.word_texts()) == "".join(text.split()):
        assert parse_record(encode(sentence).decode()) == sentence


def test_projection() -> None:
    target = Sentence("Ana vive", "spa_Latn", spans=(Span(4, 8, "OLD"),), extra={"id": 7})
    span = ProjectedSpan(0, 3, "PER", 0.75, Span(0, 4, "PER", 0.9))
    data = FORMATS["jsonl"].encode_projection(Projection(target, (span,), Sentence("Anna lives", "eng_Latn")))
    assert json.loads(data) == {
        "text": "Ana vive",
        "language": "spa_Latn",
        "spans": [
            {
                "start": 0,
                "end": 3,
                "label": "PER",
                "text": "Ana",
                "score": 0.75,
                "source": {"start": 0, "end": 4, "label": "PER", "text": "Anna", "score": 0.9},
            }
        ],
        "id": 7,
        "projection": {"status": "optimal", "source": "Anna lives", "source_language": "eng_Latn"},
    }
    assert parse_record(data.decode()).spans == (Span(0, 3, "PER", 0.75),)


def test_lone_surrogates_cannot_be_written() -> None:
    with pytest.raises(EncodingError, match="surrogate"):
        encode(Sentence("a\ud800"))
