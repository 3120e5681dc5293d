"""The engine as Python calls it."""

from __future__ import annotations

import itertools
import os
import pickle
import re
import subprocess
import sys
from typing import Any

import pytest

from api_cases import TEXT, found
from api_cases import engine as engine
from fake_stages import Counted
from fakes import FakeModels
from spanport import Engine, Pair, Projection, RecordError, Sentence, Span
from spanport.errors import AlignmentError, FormatError, LanguageError, ModelError, SpanError, UsageError
from spanport.models import Models
from spanport.options import StreamOptions
from spanport.types import Alignment


def test_label_carries_entities_back_onto_the_original_text(engine: Engine) -> None:
    (result,) = engine.label([TEXT], lang="es")
    assert found(result) == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert result.source.text == "Ana Ruiz lives in Seville"
    assert result.target.text == TEXT
    assert result.optimal
    person = result.spans[0]
    assert person.source is not None
    assert result.source.text[person.source.start : person.source.end] == "Ana Ruiz"
    assert person.score == pytest.approx(0.9)


def test_label_keeps_order_empty_sentences_and_given_words(engine: Engine) -> None:
    tokens = Sentence("Ana  Ruiz", words=((0, 3), (5, 9)), tokenized=True)
    texts = ["", TEXT, tokens, "   ", *["habla Ana"] * 50]
    results = list(engine.label(iter(texts), lang="spa_Latn"))
    assert [r.target.text for r in results] == [t if isinstance(t, str) else t.text for t in texts]
    assert results[0].spans == () == results[3].spans
    assert results[2].target.words == tokens.words
    assert found(results[2]) == [("PER", "Ana  Ruiz")]


def test_documents_are_labelled_by_sentences(engine: Engine) -> None:
    pytest.importorskip("sentencex", reason="the extra sentences is not installed")
    article = f"{TEXT}\n\nhabla Ana.\n\n{TEXT}"
    texts = itertools.chain([article, "", 7, "Ana \ud800", Sentence(article, "spa_Latn")], itertools.repeat(article))
    stream = engine.label(texts, lang="es", sentences=True, on_error="return")  # type: ignore[arg-type]
    first, blank, number, broken, again = itertools.islice(stream, 5)
    assert first.text == article
    assert [(s.start, s.text_of(first.target)) for s in first.spans] == [
        (0, "Ana Ruiz"), (17, "Sevilla"), (32, "Ana"), (38, "Ana Ruiz"), (55, "Sevilla"),
    ]  # fmt: skip
    assert first.source.text.count("Ana Ruiz lives in Seville") == 2
    assert (blank.text, again.spans) == ("", first.spans)
    assert "expected a str or a Sentence" in str(number)
    assert "lone surrogate" in str(broken)


def test_label_streams_from_an_endless_input(engine: Engine) -> None:
    source = Counted(itertools.repeat(TEXT))
    stream = engine.label(source, lang="es")
    assert found(next(stream)) == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert source.pulled <= 100
    assert [found(next(stream)) for _ in range(3)] == [[("PER", "Ana Ruiz"), ("LOC", "Sevilla")]] * 3
    stream.close()  # type: ignore[attr-defined]


def test_project_with_given_links_needs_no_model(engine: Engine) -> None:
    source = Sentence("Ana left", spans=(Span(0, 3, "PER"),))
    pair = Pair(source, Sentence("se fue Ana"), Alignment(((0, 2), (1, 0), (1, 1))))
    models = FakeModels()
    models.encoder = None  # type: ignore[method-assign,assignment]
    (result,) = Engine(models).project([pair], aligned=True)  # type: ignore[arg-type]
    assert found(result) == [("PER", "Ana")]
    (result,) = engine.project([pair], system="heuristic")
    assert found(result) == [("PER", "Ana")]


def test_the_language_of_a_sentence_may_be_any_name_of_it(engine: Engine) -> None:
    pair = Pair(Sentence("Ana", "en", spans=(Span(0, 3, "PER"),)), Sentence("東京", "ja"), Alignment(((0, 0),)))
    (result,) = engine.project([pair], aligned=True)
    assert (result.source.language, result.target.language) == ("eng_Latn", "jpn_Jpan")
    unknown = Pair(pair.source, Sentence("x", "Klingon"), pair.alignment)
    with pytest.raises(LanguageError, match="unknown language 'Klingon'"):
        list(engine.project([unknown], aligned=True))


def test_align(engine: Engine) -> None:
    (links,) = engine.align([Pair(Sentence("lives in Seville"), Sentence("vive en Sevilla"))])
    assert list(links) == [(0, 0), (1, 1), (2, 2)]


def test_a_bad_record_raises_at_its_place_or_is_returned(engine: Engine) -> None:
    good = Pair(Sentence("Ana", spans=(Span(0, 3, "PER"),)), Sentence("Ana"), Alignment(((0, 0),)))
    bad = Pair(good.source, good.target, Alignment(((0, 1),)))
    stream = engine.project([good, bad, good], aligned=True)
    next(stream)
    with pytest.raises(AlignmentError, match=r"link 0-1: the target has 1 words.*0\.\.0"):
        next(stream)
    results = list(engine.project([good, bad, good], aligned=True, on_error="return"))
    assert isinstance(results[1], RecordError)
    assert [isinstance(r, Projection) for r in results] == [True, False, True]


def test_records_built_in_python_are_checked_where_they_enter(engine: Engine) -> None:
    past = Sentence("Ana lives", "eng_Latn", ((0, 3), (4, 9)), (Span(0, 300, "PER"),))
    crossed = Sentence("Ana lives", "eng_Latn", ((0, 3), (2, 9)))
    target = Sentence("Ana vive", "spa_Latn", ((0, 3), (4, 8)))
    links = Alignment(((0, 0), (1, 1)))
    for bad in (Pair(past, target, links), Pair(target, crossed, links)):
        (error,) = engine.project([bad], aligned=True, on_error="return")
        assert isinstance(error, RecordError)
    with pytest.raises(SpanError, match=r"span 0-300 .PER. runs past the text, which has 9 characters"):
        list(engine.align([Pair(past, target)]))
    with pytest.raises(FormatError, match="word 2-9 is empty or starts before 3"):
        list(engine.label([crossed], lang="es"))


def test_text_too_long_for_the_models_is_an_error_of_the_record(engine: Engine) -> None:
    results = list(engine.label([TEXT, "palabra " * 600, TEXT], lang="es", on_error="return"))
    assert "602 tokens and the translator takes 512" in str(results[1])
    assert found(results[2]) == found(results[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lang": "spa_Ltn"}, LanguageError, "spa_Latn"),
        ({"lang": "es", "system": "ngramm"}, UsageError, "unknown system 'ngramm'.*ngram"),
        ({"lang": "es", "options": {"max_len": 3}}, UsageError, "max_len"),
        ({"lang": "es", "options": {"max_length": -5}}, UsageError, "max_length=-5: expected int >= 0"),
        ({"lang": "es", "on_error": "zzz"}, UsageError, "on_error='zzz': expected 'raise' or 'return'"),
    ],
)
def test_usage_errors_come_at_the_call(engine: Engine, arguments: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        engine.label([TEXT], **arguments)
    with pytest.raises(error, match=message):
        engine.alabel([TEXT], **arguments)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda engine, records: engine.label(records, lang="es", on_error="return"), "a str or a Sentence"),
        (lambda engine, records: engine.project(records, on_error="return"), "a Pair of two Sentences"),
        (lambda engine, records: engine.align(records, on_error="return"), "a Pair of two Sentences"),
    ],
)
def test_records_of_another_kind_are_errors_at_their_place(engine: Engine, call: Any, expected: str) -> None:
    good = TEXT if "str" in expected else Pair(Sentence("Ana"), Sentence("Ana"))
    records = [good, None, ("a", "b"), 7, b"Ana", Pair("a", "b"), good]  # type: ignore[arg-type]
    results = list(call(engine, records))
    assert [isinstance(result, RecordError) for result in results] == [False, *[True] * 5, False]
    for record, result in zip(records[1:-1], results[1:-1], strict=True):
        assert f"({type(record).__name__}); expected {expected}" in str(result)


@pytest.mark.parametrize("one", [TEXT, b"bytes", Sentence(TEXT)])
def test_one_text_in_place_of_several(engine: Engine, one: Any) -> None:
    with pytest.raises(UsageError, match="expected several records, in a list"):
        engine.label(one, lang="es")
    with pytest.raises(UsageError, match="got one Pair"):
        engine.align(Pair(Sentence(""), Sentence("")))  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [{"lang": "fr"}, {"lang": "es", "pivot": "fr"}])
def test_a_language_that_the_bundle_does_not_translate(engine: Engine, arguments: dict) -> None:
    with pytest.raises(LanguageError, match=r"'fake' does not translate fra_Latn; it knows eng_Latn, spa_Latn"):
        engine.label([TEXT], **arguments)
    assert list(engine.label([], system="model-transfer", **arguments)) == []


def test_a_used_engine_is_pickled_as_its_recipe() -> None:
    options = StreamOptions(workers=2)
    with Engine.from_bundle("mini", device="cpu", threads=2, align="awesome", stream=options) as engine:
        wanted = list(engine.label([TEXT], lang="es", system="ngram"))
        data = pickle.dumps(engine)
        assert len(data) < 2000
        other = pickle.loads(data)
    assert (other.models.name, other.models.device, other.models.threads) == ("mini", "cpu", 2)
    assert (other.align_options("label"), other.stream_options) == (engine.align_options("label"), options)
    assert list(other.label([TEXT], lang="es", system="ngram")) == wanted
    assert other.stats.snapshot().records == 1


FORKED = """
import os
from spanport import Engine
texts = ["Ana vive en Lima."]
engine = Engine.from_bundle("mini")
before = list(engine.label(texts, lang="es"))
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(list(engine.label(texts, lang="es")) != before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_an_engine_that_was_used_works_in_a_forked_process() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=120)


def test_what_is_done_is_logged(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "spanport"):
        list(engine.label([TEXT], lang="es"))
        assert Models("mini").bundle
    assert "label spa_Latn by way of eng_Latn with ngram: words, translate, tokenize, encode, match" in caplog.text
    assert re.search(r"translate: batch of 1, cost 7 \(padded 7\), \d\.\d+ s", caplog.text)
    assert re.search(r"bundle of mini loaded in \d\.\d+ s", caplog.text)


def test_a_bundle_that_is_not_there_is_an_error_at_once() -> None:
    with pytest.raises(ModelError, match="nllb-600m"):
        Engine.from_bundle("nllb-600m")
    with pytest.raises(ModelError, match="tpu"):
        Engine.from_bundle("mini", device="tpu")
