"""The engine from Python: asynchronous calls, and what it does with its models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api_cases import TAGS, TEXT, WORDS, found
from api_cases import engine as engine
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine, Pair, Sentence, Span
from spanport.errors import ModelError, UsageError
from spanport.options import StreamOptions


async def collected(results: Any) -> list[Any]:
    return [result async for result in results]


async def trickled(records: list[Any]) -> AsyncIterator[Any]:
    for record in records:
        yield record


def test_the_asynchronous_calls_give_what_the_others_give(engine: Engine) -> None:
    texts = [TEXT, None, "habla Ana"]
    wanted = list(engine.label(texts, lang="es", pivot="en", system="heuristic", on_error="return"))
    for given in (texts, trickled(texts)):
        call = engine.alabel(given, lang="es", pivot="en", system="heuristic", on_error="return")
        assert list(map(shown, asyncio.run(collected(call)))) == list(map(shown, wanted))
    assert wanted[0].target.language == "spa_Latn"
    pairs = [Pair(Sentence("Ana lives", spans=(Span(0, 3, "PER"),)), Sentence("vive Ana"))]
    wanted = list(engine.project(pairs, system="heuristic"))
    for given in (pairs, trickled(pairs)):
        assert asyncio.run(collected(engine.aproject(given, system="heuristic"))) == wanted
    for call in (engine.alabel, engine.aproject):
        with pytest.raises(UsageError, match="got one str"):
            call("text", **({"lang": "es"} if call == engine.alabel else {}))


def test_documents_are_labelled_by_sentences_asynchronously(engine: Engine) -> None:
    pytest.importorskip("sentencex", reason="the extra sentences is not installed")
    texts = [f"{TEXT} habla Ana. {TEXT}", None, "", "habla Ana"]
    how: Any = {"lang": "es", "sentences": True, "on_error": "return"}
    wanted = list(map(shown, engine.label(texts, **how)))  # type: ignore[arg-type]
    assert len(wanted[0].spans) > 3
    for given in (texts, trickled(texts)):
        assert list(map(shown, asyncio.run(collected(engine.alabel(given, **how))))) == wanted


def shown(result: Any) -> Any:
    return str(result) if isinstance(result, Exception) else result


def test_the_asynchronous_calls_take_no_turns() -> None:
    engine = Engine(FakeModels(), stream=StreamOptions(resident="one"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="keep all models resident"):
        engine.alabel([TEXT], lang="es")


def test_a_plain_encoder_cannot_label(engine: Engine) -> None:
    models = FakeModels(FakeEncoder(labels=()))
    with pytest.raises(ModelError, match="no token classifier"):
        Engine(models).label([TEXT], lang="es")  # type: ignore[arg-type]


def test_identical_sentences_are_translated_once(engine: Engine) -> None:
    models = engine.models
    list(engine.label([TEXT] * 30, lang="es"))
    assert models.fake_translator.calls == 1  # type: ignore[attr-defined]


def test_context_manager_lets_the_models_go() -> None:
    models = FakeModels()
    with Engine(models, stream=StreamOptions(workers=2)):  # type: ignore[arg-type]
        pass
    assert models.released


def test_a_sentence_longer_than_the_encoder_takes_goes_through_in_chunks() -> None:
    text = " ".join([*[f"palabra{i}" for i in range(40)], TEXT])
    concepts = {english.casefold(): spanish.casefold() for spanish, english in WORDS.items()}
    results = []
    for most in (512, 7):
        models = FakeModels(FakeEncoder(TAGS, concepts, max_words=most), FakeTranslator(WORDS))
        engine = Engine(models)  # type: ignore[arg-type]
        results += [list(engine.label([text, "llega Ana"], lang="es", system=s)) for s in ("ngram", "ner-candidates")]
    assert found(results[0][0]) == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert results[2:] == results[:2]
