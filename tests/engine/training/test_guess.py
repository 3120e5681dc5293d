"""Doubt about a language: by script and by frequent words; none without evidence."""

from __future__ import annotations

import pytest

from spanport.training.guess import doubt_language

SPOKEN = {
    "spa_Latn": "la casa de los padres que vive en el pueblo y se va con los niños",
    "deu_Latn": "der Mann und die Frau sind nicht in dem Haus das mit der Tür",
    "rus_Cyrl": "он не был в доме и на улице с друзьями что это",
    "swh_Latn": "watu wa mji na nchi ya Kenya walikuwa katika kazi za serikali kwa ajili ya wananchi",
}


@pytest.mark.parametrize("language", SPOKEN)
def test_a_text_in_its_own_language_raises_no_doubt(language: str) -> None:
    assert doubt_language(SPOKEN[language].split() * 20, language) == ""


def test_another_script_is_noticed() -> None:
    assert "letters are Cyrillic" in doubt_language(SPOKEN["rus_Cyrl"].split(), "spa_Latn")
    assert "letters are Latin" in doubt_language(SPOKEN["spa_Latn"].split(), "rus_Cyrl")


def test_another_language_is_noticed() -> None:
    assert "German (deu_Latn)" in doubt_language(SPOKEN["deu_Latn"].split(), "spa_Latn")
    assert "Spanish (spa_Latn)" in doubt_language(SPOKEN["spa_Latn"].split(), "yor_Latn")


def test_names_and_numbers_are_no_evidence() -> None:
    assert doubt_language(["Ana", "12", "Oslo", "."], "yor_Latn") == ""
    assert doubt_language([], "yor_Latn") == ""
