"""Natural text from tokenised corpora: the rules that undo the CoNLL files' tokenisation."""

import re

_CLOSING = re.compile(r"^[.,;:!?%)\]}»…]+$")
_OPENING = frozenset("([{«¿¡„#$£€")
_CLITIC = re.compile(r"^(['’](s|S|re|ve|ll|d|m|t)|n['’]t|['’])$")
_ELISION = re.compile(
    r"^\w*(l|un|dell|all|nell|sull|dall|d|c|quest|quell|anch|com|cos|s|m|t|v|n|n[ou]|tutt|sant)['’]$", re.I
)


def detokenize(words: list[str], language: str) -> str:
    """Join words as a writer would: punctuation attached, quotes paired, clitics and elisions closed up.

    `language` is an NLLB code; elisions are joined for Italian, clitics for English.
    """
    out: list[str] = []
    glue = True
    quotes = 0
    for word in words:
        if word in ('"', "``", "''", "“", "”"):
            opening = quotes % 2 == 0
            quotes += 1
            out.append('"' if opening is False or glue else ' "')
            glue = opening
            continue
        attach = bool(_CLOSING.match(word)) or (language == "eng_Latn" and bool(_CLITIC.match(word)))
        out.append(word if glue or attach else " " + word)
        glue = word in _OPENING or (language == "ita_Latn" and bool(_ELISION.match(word)))
    return "".join(out).strip()
