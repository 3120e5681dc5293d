"""A check that a text is in the language it is said to be in: by its script, and by frequent words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from spanport.languages import language_name

FREQUENT = {
    "eng_Latn": "the of and to in is that for was with",
    "spa_Latn": "de la que el los y las del por con",
    "fra_Latn": "de la le les des et est une du que",
    "deu_Latn": "der die und den von das mit ist nicht dem",
    "ita_Latn": "di che il la del per della una sono gli",
    "por_Latn": "de que do da em um para os uma não",
    "nld_Latn": "de het een van en dat niet op zijn voor",
    "pol_Latn": "w i na z do się nie jest że o",
    "tur_Latn": "ve bir bu için da de ile çok olarak olan",
    "swh_Latn": "ya wa na kwa katika ni la za kuwa cha",
    "ind_Latn": "yang dan di ini dengan untuk dari dalam itu tidak",
    "vie_Latn": "của và là có được trong cho các một không",
    "rus_Cyrl": "и в не на что с по как это из",
    "ukr_Cyrl": "і в не на що з до та це у",
}
"""The ten most frequent words of some languages, or near to it; for a warning, not for identification."""
SCRIPTS = {
    "Latn": "LATIN", "Cyrl": "CYRILLIC", "Arab": "ARABIC", "Deva": "DEVANAGARI", "Grek": "GREEK", "Hebr": "HEBREW",
    "Hans": "CJK", "Hant": "CJK", "Hang": "HANGUL", "Thai": "THAI", "Ethi": "ETHIOPIC", "Beng": "BENGALI",
    "Taml": "TAMIL", "Telu": "TELUGU", "Geor": "GEORGIAN", "Armn": "ARMENIAN", "Khmr": "KHMER", "Mymr": "MYANMAR",
}  # fmt: skip
_ENOUGH = 0.12
_SHOWN = 2000


def doubt_language(words: Iterable[str], language: str) -> str:
    """Why the words are probably not of the language (an NLLB code), in words; "" where nothing speaks against it."""
    shown = [word.lower() for word, _ in zip(words, range(20 * _SHOWN), strict=False)]
    script = language.rpartition("_")[2]
    letters = Counter(_script_of(letter) for word in shown[:_SHOWN] for letter in word if letter.isalpha())
    if letters and script in SCRIPTS:
        most, count = letters.most_common(1)[0]
        if most != SCRIPTS[script] and count > 0.6 * letters.total():
            return f"its letters are {most.title()}, and {language_name(language)} ({language}) is written otherwise"
    shares = {code: _share(shown, frequent.split()) for code, frequent in FREQUENT.items()}
    likely = max(shares, key=shares.__getitem__)
    if likely != language and shares[likely] > _ENOUGH and shares[likely] > 2 * shares.get(language, 0.0):
        return f"{shares[likely]:.0%} of its words are frequent words of {language_name(likely)} ({likely})"
    return ""


def _share(words: list[str], frequent: list[str]) -> float:
    counts = Counter(words)
    return sum(counts[word] for word in frequent) / max(1, len(words))


def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0]
