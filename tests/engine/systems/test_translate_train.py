from __future__ import annotations

import pytest

from engine_sentences import found, job
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.systems.base import System, make_system
from spanport.systems.tools import Tools

WORDS = {"lives": "vive", "in": "en", "Seville": "Sevilla", "York": "York", "New": "Nueva"}


def system(**options: object) -> System:
    concepts = {english.casefold(): spanish.casefold() for english, spanish in WORDS.items()}
    models = FakeModels(FakeEncoder(concepts=concepts), FakeTranslator(WORDS))
    return make_system("translate-train", options, Tools(models, lambda: AlignOptions(extraction="intersection")))  # type: ignore[arg-type]


def test_labelled_source_becomes_labelled_training_data() -> None:
    (result,) = system().project([job("[PER Ana Ruiz] lives in [LOC Seville]", "")])
    assert result.target.text == "Ana Ruiz vive en Sevilla"
    assert found(result) == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert result.target.language == "spa_Latn"


def test_a_sentence_without_entities_is_kept() -> None:
    (result,) = system().project([job("it lives", "")])
    assert (result.target.text, result.spans, result.status) == ("it vive", (), "feasible")


def test_a_sentence_that_loses_an_entity_is_dropped() -> None:
    repeated = "[LOC Seville] and Seville"  # two equal words: the intersection links each target word once
    results = system().project([job(repeated, ""), job("", "")])
    assert [r.status for r in results][1] == "infeasible"
    models = FakeModels(FakeEncoder(), FakeTranslator({"Seville": "Hispalis"}))
    none = AlignOptions(extraction="softmax", threshold=0.99)
    dropping = make_system("translate-train", {}, Tools(models, lambda: none))  # type: ignore[arg-type]
    (result,) = dropping.project([job("[PER Ana] and [LOC Seville]", "")])
    assert (result.target.text, result.spans, result.status) == ("", (), "infeasible")


def test_projectors_that_need_more_than_links_are_refused() -> None:
    with pytest.raises(UsageError, match="needs more than links"):
        make_system("translate-train", {"projector": "ner-candidates", "projector_options": {}})
