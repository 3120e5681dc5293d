"""Language tokens of translators, by NLLB code."""

import re
from typing import Any

from spanport_models.export.codes import FLORES_OF_ISO

_NLLB = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_M2M100 = re.compile(r"__([a-z]{2,3})__")
_MADLAD = re.compile(r"<2([a-z]{2,3})(?:_([A-Z][a-z]{3}))?>")
_MARIAN = re.compile(r">>([a-z]{2,3})(?:_([A-Z][a-z]{3}))?<<")


def language_tokens(tokenizer: Any) -> dict[str, str]:
    """NLLB code -> language token, read from a transformers tokenizer's vocabulary.

    Tokens are recognised by their form: "spa_Latn" (NLLB), "__es__" (M2M100), "<2es>" (MADLAD), ">>spa<<" (Marian).
    A language whose script is not said gets its usual one; one without an NLLB code keeps its own.
    """
    found: dict[str, str] = {}
    for token in sorted(tokenizer.get_vocab()):
        if _NLLB.fullmatch(token):
            found[token] = token
            continue
        match = _M2M100.fullmatch(token) or _MADLAD.fullmatch(token) or _MARIAN.fullmatch(token)
        if match:
            script = match.group(2) if match.re is not _M2M100 else None
            found.setdefault(nllb_code(match.group(1), script), token)
    return found


def nllb_code(language: str, script: str | None = None) -> str:
    """NLLB code of an ISO 639 code, e.g. "es" or "spa" -> "spa_Latn"; the code itself where NLLB has none."""
    code = FLORES_OF_ISO.get(language, language)
    if script is None:
        return code
    return f"{code.partition('_')[0]}_{script}"
