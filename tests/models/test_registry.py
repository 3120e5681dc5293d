from spanport_models.registry import CARDS, card_of, licence_notice, list_models


def test_the_models_of_the_papers_are_known() -> None:
    cards = {entry.card.repository for entry in list_models() if entry.card}
    assert "FacebookAI/xlm-roberta-large-finetuned-conll03-english" in cards
    assert "facebook/nllb-200-3.3B" in cards
    for card in CARDS.values():
        assert card.download_bytes > 1e8
        assert card.memory_bytes > 1e8
        assert card.repository.count("/") == 1


def test_non_commercial_licences_are_said() -> None:
    card = card_of("facebook/nllb-200-distilled-600M")
    assert card is not None
    assert not card.commercial
    assert "not for commercial use" in str(licence_notice(card.licence))
    assert licence_notice("Apache-2.0") is None
    assert card_of("nobody/nothing") is None
