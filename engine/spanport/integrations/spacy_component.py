"""A spaCy pipeline component that sets ``doc.ents`` through a bundle.

``nlp.add_pipe("spanport", config={"bundle": "mini"})``; spaCy finds the factory by the package's entry point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spanport.api import Engine
from spanport.errors import LanguageError
from spanport.languages import resolve
from spanport.types import Projection, Sentence

SCORES = "spanport_scores"
"""Key of the documents' user data: the confidences of their entities, in their order."""


class Component:
    """Labels documents; their tokens stay as they are, and an entity takes the tokens that its span touches."""

    def __init__(
        self, name: str, bundle: str, lang: str, pivot: str, system: str | None, *, sentences: bool = False
    ) -> None:
        self.name, self.lang, self.pivot, self.system, self.sentences = name, lang, pivot, system, sentences
        self.engine = Engine.from_bundle(bundle)
        self.engine.job("label", language=lang, pivot=pivot, system=system)

    def __call__(self, doc: Doc) -> Doc:
        """The document with its entities set."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """The documents of a stream with their entities set, in order; the engine makes its own batches."""
        given, texts = tee(stream)
        how: dict[str, Any] = {"lang": self.lang, "pivot": self.pivot, "system": self.system}
        found = self.engine.label(map(sentence_of, texts), **how, sentences=self.sentences, on_error="raise")
        for doc, projection in zip(given, found, strict=True):
            yield set_entities(doc, projection)


def sentence_of(doc: Doc) -> Sentence:
    """A document as a sentence of its tokens."""
    words = tuple((token.idx, token.idx + len(token)) for token in doc if not token.is_space)
    return Sentence(doc.text, words=words, tokenized=True)


def set_entities(doc: Doc, projection: Projection) -> Doc:
    """Set the projected spans as entities, with their scores in the user data."""
    spans = [doc.char_span(s.start, s.end, label=s.label, alignment_mode="expand") for s in projection.spans]
    doc.set_ents(spans)
    doc.user_data[SCORES] = [span.score for span in projection.spans]
    return doc


DEFAULTS = {"bundle": "mini", "lang": "", "pivot": "eng_Latn", "system": None, "sentences": False}


@Language.factory("spanport", default_config=DEFAULTS)
def make(nlp: Any, name: str, bundle: str, lang: str, pivot: str, system: str | None, sentences: bool) -> Component:
    """The component; ``lang`` is that of the pipeline unless it is named, ``sentences`` as for `Engine.label`.

    Raises:
        LanguageError: a language is unknown or not one of the bundle.
    """
    try:
        known = resolve(lang or nlp.lang)
    except LanguageError as error:
        if lang:
            raise
        raise LanguageError(
            f"the pipeline's language {nlp.lang!r} is none to label; name that of the text: "
            'nlp.add_pipe("spanport", config={"lang": "es"})'
        ) from error
    return Component(name, bundle, known, resolve(pivot), system, sentences=sentences)
