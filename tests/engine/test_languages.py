from __future__ import annotations

import pytest

from spanport.errors import LanguageError
from spanport.languages import language_name, languages, resolve, writes_without_spaces


def test_all_of_flores_200_in_order() -> None:
    codes = list(languages())
    assert len(codes) == 204
    assert codes == sorted(codes)


def test_every_code_and_name_resolves_to_itself() -> None:
    for code, language in languages().items():
        assert resolve(code) == code
        assert resolve(language.name) == code
        for alias in language.aliases:
            assert resolve(alias) == code


def test_no_name_belongs_to_two_languages() -> None:
    names = [name for row in languages().values() for name in {row.name.lower(), *row.aliases}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("es", "spa_Latn"),
        ("spa", "spa_Latn"),
        ("Spanish", "spa_Latn"),
        ("ES", "spa_Latn"),
        ("es-419", "spa_Latn"),
        ("pt_BR", "por_Latn"),
        ("spa_latn", "spa_Latn"),
        ("spa-Latn", "spa_Latn"),
        ("swa", "swh_Latn"),
        ("hau", "hau_Latn"),
        ("yor", "yor_Latn"),
        ("twi", "twi_Latn"),
        ("zh", "zho_Hans"),
        ("zh-TW", "zho_Hant"),
        ("ms", "zsm_Latn"),
        ("my", "mya_Mymr"),
        ("fa", "pes_Arab"),
        ("ar", "arb_Arab"),
        ("et", "est_Latn"),
        ("kas", "kas_Arab"),
        ("ace", "ace_Latn"),
    ],
)
def test_other_names(given: str, code: str) -> None:
    assert resolve(given) == code


@pytest.mark.parametrize(
    ("given", "near"),
    [("spa_Latm", "spa_Latn"), ("spanich", "spa_Latn"), ("deu_Cyrl", "deu_Latn"), ("zho_Latn", "zho_Han")],
)
def test_unknown_suggests_the_nearest(given: str, near: str) -> None:
    with pytest.raises(LanguageError, match=f"{given}.*did you mean {near}"):
        resolve(given)


def test_unknown_with_nothing_near_says_what_is_expected() -> None:
    with pytest.raises(LanguageError, match="pass an NLLB code"):
        resolve("%%%%")


def test_name_and_script() -> None:
    assert language_name("de") == "German"
    assert all(map(writes_without_spaces, ("ja", "zh", "th", "lo", "km", "my", "bo", "yue", "dz")))
    assert not any(map(writes_without_spaces, ("en", "ko", "hi", "ar", "")))
