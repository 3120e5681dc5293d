"""Running text from words, by the conventions of the Penn Treebank detokeniser, for input of translators."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spanport.languages import writes_without_spaces
from spanport.types import Sentence

OPENS = frozenset("([{«„“‘¿¡")
CLOSES = frozenset(")]}»”’,.;:!?%…。、，")
CLITIC = re.compile(r"(n't|'(s|re|ve|ll|d|m))", re.IGNORECASE)


def detokenize(words: Sequence[str], language: str = "") -> str:
    """Join words, without the space before closing and after opening punctuation.

    Straight quotes open and close in turn. Languages written without spaces are joined by nothing
    (arXiv 2501.18750, detokenisation).
    """
    if writes_without_spaces(language):
        return "".join(words)
    text, glued, open_quotes = "", True, set[str]()
    for word in words:
        if word in {'"', "'"}:
            closing = word in open_quotes
            open_quotes ^= {word}
            text += word if closing or glued else f" {word}"
            glued = not closing
            continue
        attaches = glued or word[:1] in CLOSES or CLITIC.fullmatch(word) is not None
        text += word if attaches else f" {word}"
        glued = word in OPENS
    return text


def running_text(sentence: Sentence) -> str:
    """The text as it was written; one that came as words is detokenised."""
    return detokenize(sentence.word_texts(), sentence.language) if sentence.tokenized else sentence.text


def phrase(sentence: Sentence, start: int, end: int) -> str:
    """The words from ``start`` up to ``end`` as running text."""
    if sentence.tokenized:
        return detokenize(sentence.word_texts()[start:end], sentence.language)
    return sentence.text[sentence.words[start][0] : sentence.words[end - 1][1]]
