"""Language codes: the 204 of FLORES-200, which NLLB models use, and the other names people give them.

`resolve` accepts ISO 639-1 and 639-3 codes, BCP 47 tags, the folder names of MasakhaNER and the codes of
XTREME, and English names. The table is FLORES-200's list (NLLB Team 2022).
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from spanport.errors import LanguageError, nearest
from spanport_models.scripts import SCRIPTS_WITHOUT_SPACES


class Language(msgspec.Struct, frozen=True):
    """One language in one script: its NLLB code, English name and other accepted names (lower case)."""

    code: str
    name: str
    aliases: tuple[str, ...]


@cache
def languages() -> dict[str, Language]:
    """Every language by its NLLB code, in order of code."""
    table = files("spanport").joinpath("languages.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    return {code: Language(code, name, tuple(aliases.split())) for code, name, aliases in rows}


def resolve(code: str) -> str:
    """The NLLB code of a language given by any of its names.

    A tag with a region that is not listed falls back on its language (``es-419`` is Spanish). Case and the
    choice of ``-`` or ``_`` do not matter.

    Raises:
        LanguageError: the name is unknown; the message suggests the nearest language.
    """
    names = _names()
    key = _key(code)
    found = names.get(key)
    if found is None and (subtags := key.split("_"))[1:] and _is_region(subtags[1]):
        found = names.get(subtags[0])
    if found is None:
        raise LanguageError(_unknown(code, key))
    return found


@lru_cache(maxsize=1024)  # of what records say, which may be anything
def code_of(language: str) -> str:
    """The NLLB code of a sentence's language; what names none ("" too) as it is."""
    try:
        return resolve(language)
    except LanguageError:
        return language


def language_name(code: str) -> str:
    """The English name of a language given by any of its names."""
    return languages()[resolve(code)].name


def writes_without_spaces(code: str) -> bool:
    """Whether the language is written without spaces between words (by its script; False when unknown: "")."""
    return bool(code) and resolve(code).rpartition("_")[2] in SCRIPTS_WITHOUT_SPACES


@cache
def _names() -> dict[str, str]:
    table = languages()
    names = {code.partition("_")[0]: code for code in table if _only_script(code)}
    for code, language in table.items():
        names[_key(code)] = code
        names[_key(language.name)] = code
        names.update(dict.fromkeys(language.aliases, code))
    return names


def _only_script(code: str) -> bool:
    """Whether FLORES-200 has the language in one script only."""
    prefix = code.partition("_")[0] + "_"
    return sum(other.startswith(prefix) for other in languages()) == 1


def _is_region(subtag: str) -> bool:
    """A region (two letters or three digits). Anything else may be a misspelt script, which must not be dropped."""
    return (len(subtag) == 2 and subtag.isalpha()) or (len(subtag) == 3 and subtag.isdigit())


def _key(name: str) -> str:
    return name.strip().replace("-", "_").lower()


def _unknown(code: str, key: str) -> str:
    names = _names()
    near = names.get(key.partition("_")[0])
    if near is None and (close := nearest(key, names)):
        near = names[close]
    if near is None:
        hint = "pass an NLLB code such as spa_Latn, or an ISO 639 code such as es or spa"
    else:
        hint = f"did you mean {near} ({languages()[near].name})?"
    return f"unknown language {code!r}: {hint}"
