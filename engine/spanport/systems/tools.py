"""What a system may use besides its works: the models, and alignment or labelling of further sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from spanport.encoding.embed import Embedded, embed, tokenize
from spanport.encoding.encode import align
from spanport.errors import UsageError
from spanport.options import AlignOptions, EncodeOptions
from spanport.ports import Encoder, Float32, Int32, Lexicon, Translator
from spanport.types import Sentence


class ModelSource(Protocol):
    """Models that load when first asked for; `spanport.models.Models` is one."""

    def encoder(self) -> Encoder: ...
    def aligner(self) -> Encoder | None: ...
    def translator(self) -> Translator: ...
    def lexicon(self) -> Lexicon | None: ...
    def calibration(self) -> bytes | None: ...


def aligner_of(models: ModelSource, options: AlignOptions) -> Encoder:
    """The encoder whose vectors words are aligned by.

    Raises UsageError when the bundle's second encoder was asked for and there is none.
    """
    second = models.aligner() if options.model != "encoder" else None
    if second is None and options.model == "aligner":
        raise UsageError("the bundle has no second encoder to align with; choose an aligner that needs none")
    return second or models.encoder()


class Tools:
    """Models and what systems do with them; nothing loads before it is used.

    ``models`` is None where a system is to get by without any. ``align_options`` is called when sentences are first
    aligned. ``translated`` says that the sources are translations of the targets, made on the way. Every method
    raises UsageError when there are no models.
    """

    def __init__(
        self,
        models: ModelSource | None = None,
        align_options: Callable[[], AlignOptions] = AlignOptions,
        encode_options: EncodeOptions | None = None,
        *,
        translated: bool = False,
    ) -> None:
        self._models, self._align_options = models, align_options
        self.translated = translated
        self._encode_options = encode_options or EncodeOptions()

    @property
    def models(self) -> ModelSource:
        """The models themselves."""
        if self._models is None:
            raise UsageError("this system needs models and was made without; run it through an Engine")
        return self._models

    @property
    def translator(self) -> Translator:
        """Translates, and scores given translations."""
        return self.models.translator()

    @property
    def encoder(self) -> Encoder:
        """Token classifier and word encoder; its ``labels`` name the columns of all probabilities."""
        return self.models.encoder()

    @property
    def lexicon(self) -> Lexicon | None:
        """The alignment lexicon, where there is one."""
        return self.models.lexicon()

    @property
    def calibration(self) -> bytes | None:
        """The calibration that the bundle brings, where there is a bundle and it brings one."""
        return None if self._models is None else self._models.calibration()

    def align(self, sources: Sequence[Sentence], targets: Sequence[Sentence]) -> list[Int32]:
        """Word links of further pairs (the same language on both sides is fine), each int32 (E, 2), row-major."""
        n = len(sources)
        options = self._align_options()
        encoder = aligner_of(self.models, options)
        both = self._embedded(encoder, [*sources, *targets], logits=False, subwords=options.level == "subword")
        source, target = both.take(0, n), both.take(n, n + len(targets))
        return align(sources, targets, source, target, options, self.lexicon)

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32]:
        """Label probabilities of the words of further sentences, each float32 (words, labels)."""
        found = self._embedded(self.encoder, sentences, hidden=False)
        return [np.ascontiguousarray(found.probabilities_of(i)) for i in range(len(sentences))]

    def _embedded(
        self,
        encoder: Encoder,
        sentences: Sequence[Sentence],
        *,
        hidden: bool = True,
        logits: bool = True,
        subwords: bool = False,
    ) -> Embedded:
        return embed(
            encoder, tokenize(encoder, sentences),
            hidden=hidden, logits=logits, subwords=subwords, batch_tokens=self._encode_options.batch_tokens,
        )  # fmt: skip
