from __future__ import annotations

from typing import Any

import pytest

from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine
from spanport.errors import LanguageError

spacy = pytest.importorskip("spacy", reason="the extra spacy is not installed")


@pytest.fixture
def nlp(monkeypatch: pytest.MonkeyPatch) -> Any:
    from spanport.integrations import spacy_component

    encoder, translator = FakeEncoder({"Ana": "B-PER"}, {"lives": "vive"}), FakeTranslator({"vive": "lives"})
    made = Engine(FakeModels(encoder, translator))  # type: ignore[arg-type]
    monkeypatch.setattr(Engine, "from_bundle", lambda name: made)
    assert spacy_component.make
    pipeline = spacy.blank("es")
    pipeline.add_pipe("spanport")
    return pipeline


def test_entities_are_set(nlp: Any) -> None:
    doc = nlp("Ana  vive")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ana", "PER")]
    assert doc.user_data["spanport_scores"] == [pytest.approx(0.9)]
    assert [token.text for token in doc] == ["Ana", " ", "vive"]


def test_a_stream_keeps_its_order(nlp: Any) -> None:
    texts = ["Ana", "", "vive"] * 50
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == texts
    assert [len(doc.ents) for doc in docs] == [1, 0, 0] * 50


def test_a_document_of_several_sentences(nlp: Any) -> None:
    pytest.importorskip("sentencex", reason="the extra sentences is not installed")
    nlp.replace_pipe("spanport", "spanport", config={"sentences": True})
    doc = nlp("vive. Ana\n\nAna")
    assert [(ent.text, ent.start_char) for ent in doc.ents] == [("Ana", 6), ("Ana", 11)]
    assert len(doc.user_data["spanport_scores"]) == 2


def test_a_pipeline_of_no_language_says_how_to_name_one(nlp: Any) -> None:
    with pytest.raises(LanguageError, match="pipeline's language 'xx' is none to label; name that of the text"):
        spacy.blank("xx").add_pipe("spanport")
    assert spacy.blank("xx").add_pipe("spanport", config={"lang": "es"}).lang == "spa_Latn"


def test_a_language_that_the_bundle_does_not_have(nlp: Any) -> None:
    with pytest.raises(LanguageError):
        nlp.add_pipe("spanport", name="other", config={"lang": "swh_Latn"})
