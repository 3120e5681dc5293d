"""Translation of any number of texts, for systems that translate themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spanport.errors import UsageError
from spanport.ports import Translator
from spanport.types import Sentence
from spanport.words import with_words

BATCH_TOKENS = 2048


class Request(NamedTuple):
    """A text to be translated; NLLB codes of its language and of the translation's."""

    text: str
    source: str
    target: str


def translate(translator: Translator, requests: Sequence[Request], beam_size: int = 1) -> list[str]:
    """The translations, in order; equal requests are translated once, blank texts stay blank.

    Batches hold texts of similar length, at most 2,048 tokens with padding.
    """
    done = dict.fromkeys(requests, "")
    for pair in dict.fromkeys((request.source, request.target) for request in requests):
        distinct = [request for request in done if (request.source, request.target) == pair and request.text.strip()]
        tokens = translator.tokenize([request.text for request in distinct], *pair) if distinct else []
        for here in _batches([len(row) for row in tokens]):
            found = translator.generate([tokens[i] for i in here], pair[1], beam_size=beam_size)
            done.update((distinct[i], result.text) for i, result in zip(here, found, strict=True))
    return [done[request] for request in requests]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    batches: list[list[int]] = [[]]
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batches[-1] and (len(batches[-1]) + 1) * lengths[i] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(i)
    return [batch for batch in batches if batch]


def sentence_of(text: str, language: str) -> Sentence:
    """A sentence of running text with its words."""
    return with_words(Sentence(text, language))


def languages_of(source: Sentence, target: Sentence, system: str) -> tuple[str, str]:
    """The languages of both sides. Raises UsageError when one is unknown."""
    for side, sentence in (("source", source), ("target", target)):
        if not sentence.language:
            raise UsageError(f"{system} translates, so it must know the language of the {side}; pass its code")
    return source.language, target.language
