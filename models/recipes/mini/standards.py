"""What the annotation standard of a language makes of English labels that were carried over.

The rules were seen in gold dev sets: they say what counts as a name of which kind, and name none.
"""

from collections.abc import Sequence

from mini.labels import IGNORED, spans

_DERIVED = frozenset({"eng", "deu"})
"""Languages whose CoNLL standard labels words derived from names. The Spanish dev set has hardly a lower-case MISC,
the German one many, and so has what is projected from English onto either ("español", from "Spanish")."""
_DASHES = frozenset("-–—")
_LETTERS = 4


def standard(words: list[str], labels: list[str], language: str, english: Sequence[str]) -> list[str]:
    """Carried IOB2 labels as the language's standard has them.

    english: the entities of the English side, as text.
    """
    code = language[:3]
    out = list(labels)
    for start, end, kind in spans(labels):
        if kind == "MISC":
            lower = all(word == word.lower() != word.upper() for word in words[start:end])
            new = "O" if lower and code not in _DERIVED else ""
        else:
            new = _german(words[start:end], kind, english) if code == "deu" else ""
        if new in ("O", IGNORED):
            out[start:end] = [new] * (end - start)
        elif new:
            out[start:end] = [f"B-{new}"] + [f"I-{new}"] * (end - start - 1)
    return out


def _german(words: list[str], kind: str, english: Sequence[str]) -> str:
    """What a name is that German has made part of another word, "" where it is a name of its own.

    MISC are compounds ("Fifa-Beschluss", of the English name "Fifa") and people and things by their town
    ("Hamburger", of "Hamburg"). A compound whose parts tell nothing is left open.
    """
    name, there = _bare("".join(words)), [_bare(entity) for entity in english]
    if name in there or (kind == "PER" and len(words) > 1):
        return ""
    head, dash, rest = words[-1].rpartition("-")
    if dash and head and rest:
        if _bare("".join([*words[:-1], head])) in there:
            return "MISC"
        return "" if any(_bare(rest)[:_LETTERS] in entity for entity in there) else IGNORED
    if kind == "PER" or not words[-1].endswith("er"):
        return ""
    return "MISC" if any(_same_town(name.removesuffix("er"), entity) for entity in there) else ""


def _same_town(stem: str, town: str) -> bool:
    """Whether both begin alike, but for two letters at the town's end."""
    length = max(_LETTERS, len(town) - 2)
    return not town.endswith("er") and len(stem) >= length and town[:length] == stem[:length]


def _bare(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(filter(str.isalnum, text.casefold()))


def apart(words: Sequence[str], labels: Sequence[str]) -> list[str]:
    """IOB2 labels in which a dash that is a word of its own stands between two names, not within one."""
    out = list(labels)
    for place, (word, label) in enumerate(zip(words, labels, strict=True)):
        if word in _DASHES and label[:2] == "I-":
            out[place] = "O"
            if place + 1 < len(out) and out[place + 1][:2] == "I-":
                out[place + 1] = "B-" + out[place + 1][2:]
    return out
