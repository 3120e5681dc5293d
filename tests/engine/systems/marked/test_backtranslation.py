from __future__ import annotations

import pytest

from engine_sentences import found, job
from fakes import FakeEncoder, FakeModels, ScriptedTranslator
from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.systems.base import make_system
from spanport.systems.tools import Tools
from spanport.types import Projection

TEXTS = {
    "[Ana Ruiz] lives in [Seville]": "[Ana Ruiz] reside en [Sevilla]",
    "Seville": "Sevilla",
    "[Ana] left": "Ana se fue",
    "[Ana] met [Oporto]": "[Ana] vio [Lisboa]",
}


def project(source: str, target: str, **options: object) -> Projection:
    models = FakeModels(FakeEncoder({"Sevilla": "B-LOC"}), ScriptedTranslator(texts=TEXTS))
    tools = Tools(models, lambda: AlignOptions(extraction="intersection"))  # type: ignore[arg-type]
    (result,) = make_system("backtranslation", options, tools).project([job(source, target)])
    return result


def test_entities_travel_by_brackets_and_then_between_two_texts_of_one_language() -> None:
    result = project("[PER Ana Ruiz] lives in [LOC Seville]", "Ana Ruiz vive en Sevilla")
    assert found(result) == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert result.source.text == "Ana Ruiz lives in Seville"
    assert [s.source for s in result.spans] == list(result.source.spans)


def test_entities_whose_brackets_vanish_are_lost() -> None:
    assert found(project("[PER Ana] left", "Ana se ha ido")) == []


def test_brackets_that_match_nothing_stay_in_the_text() -> None:
    assert found(project("[PER Ana] met [LOC Oporto]", "Ana vio Lisboa")) == [("PER", "Ana")]


def test_sentences_without_entities_cost_no_translation() -> None:
    models = FakeModels(fake_translator=ScriptedTranslator())
    system = make_system("backtranslation", {}, Tools(models))  # type: ignore[arg-type]
    assert system.project([job("It rains", "Llueve")])[0].spans == ()
    assert models.fake_translator.calls == 0


def test_the_projector_decides_what_is_needed() -> None:
    assert make_system("backtranslation").needs == {"source", "translator"}
    by_ner = make_system("backtranslation", {"projector": "ner-candidates"})
    assert by_ner.needs == {"source", "translator", "probabilities"}
    with pytest.raises(UsageError, match="unknown system 'ngramm'"):
        make_system("backtranslation", {"projector": "ngramm"})
    with pytest.raises(UsageError, match="language of the target"):
        make_system("backtranslation", {}, Tools(FakeModels())).project([job("[PER Ana]", "Ana", language="")])  # type: ignore[arg-type]
