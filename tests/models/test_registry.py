from pathlib import Path

import pytest

from spanport_models import find_model
from spanport_models.cards import CARDS, card_of, licence_notice, repository_of
from spanport_models.errors import UnknownModelError
from spanport_models.registry import list_models


def test_the_models_of_the_papers_are_known() -> None:
    cards = {entry.card.repository for entry in list_models() if entry.card}
    assert "FacebookAI/xlm-roberta-large-finetuned-conll03-english" in cards
    assert "facebook/nllb-200-3.3B" in cards
    for card in CARDS.values():
        assert card.download_bytes > 1e8
        assert card.memory_bytes > 1e8
        assert card.repository.count("/") == 1
        assert card.revision is None or len(card.revision) == 40
        assert card.languages or card.name == "madlad400-3b"


@pytest.mark.parametrize(
    "model",
    [
        "nllb-600m",
        "facebook/nllb-200-distilled-600M",
        Path("/home/ana/.cache/huggingface/hub/models--facebook--nllb-200-distilled-600M/snapshots/f8d333a"),
    ],
)
def test_a_model_is_known_by_its_names_and_by_its_folder(model: str | Path) -> None:
    assert card_of(model) is CARDS["nllb-600m"]


def test_others_are_not_known() -> None:
    assert card_of("nobody/nllb-600m") is None
    assert card_of("./nllb-600m") is None
    assert card_of("evil/opus-mt-es-en") is None
    assert repository_of("/models/mine") == "/models/mine"


def test_every_pair_of_opus_mt_has_a_card() -> None:
    card = card_of("Helsinki-NLP/opus-mt-de-en")
    assert card is not None
    assert card == card_of("opus-mt-de-en")
    assert (card.repository, card.languages) == ("Helsinki-NLP/opus-mt-de-en", ("deu_Latn", "eng_Latn"))


def test_non_commercial_licences_are_said() -> None:
    assert not CARDS["nllb-600m"].commercial
    assert CARDS["m2m100-418m"].commercial
    assert not CARDS["wikineural-ner"].commercial
    assert not CARDS["afro-xlmr-base"].commercial  # not known is not allowed
    assert "not for commercial use" in str(licence_notice("CC-BY-NC-4.0"))
    assert licence_notice("Apache-2.0") is None


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("nllb-600m", "spanport export pipeline OUT --encoder xlm-r-large-conll03 --translator nllb-600m"),
        ("wikineural-ner", "spanport export pipeline OUT --encoder wikineural-ner --translator nllb-600m"),
        ("nllb-600m-ct2", "spanport models fetch nllb-600m-ct2"),
    ],
)
def test_a_model_of_the_hub_that_is_not_here_says_how_to_make_a_bundle(name: str, command: str) -> None:
    with pytest.raises(UnknownModelError, match=command):
        find_model(name)
