"""Natural text from tokenised corpora: the rules that undo the CoNLL files' tokenisation."""

import re

_CLOSING = re.compile(r"^[.,;:!?%)\]}»…]+$")
_OPENING = frozenset("([{«¿¡„#$£€")
_QUOTES = frozenset(('"', "``", "''", "“", "”"))
_CLITIC = re.compile(r"^(['’](s|S|re|ve|ll|d|m|t)|n['’]t|['’])$")
_ELISION = re.compile(
    r"^\w*(l|un|dell|all|nell|sull|dall|d|c|quest|quell|anch|com|cos|s|m|t|v|n|n[ou]|tutt|sant)['’]$", re.I
)


def detokenize(words: list[str], language: str) -> str:
    """Join words as a writer would: punctuation attached, quotes paired, clitics and elisions closed up.

    `language` is an NLLB code; elisions are joined for Italian, clitics for English.
    """
    return place(words, language)[0]


def place(words: list[str], language: str) -> tuple[str, list[int]]:
    """The joined text (see `detokenize`) and where in it each word ends."""
    text = ""
    ends: list[int] = []
    glue = True
    quotes = 0
    for word in words:
        attach = bool(_CLOSING.match(word)) or (language == "eng_Latn" and bool(_CLITIC.match(word)))
        opens = word in _OPENING or (language == "ita_Latn" and bool(_ELISION.match(word)))
        if word in _QUOTES:
            attach, opens = quotes % 2 == 1, quotes % 2 == 0
            quotes += 1
        text += word if glue or attach else " " + word
        ends.append(len(text))
        glue = opens
    return text, ends
