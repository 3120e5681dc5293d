"""What a system may use besides its jobs: the models, and alignment or labelling of further sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from spanport.errors import UsageError
from spanport.options import AlignOptions, EncodeOptions
from spanport.ports import Encoder, Float32, Int32, Lexicon, Translator
from spanport.stages.align import align
from spanport.stages.embed import Embedded, embed_all
from spanport.types import Sentence


class ModelSource(Protocol):
    """Models that load when first asked for; `spanport.models.Models` is one."""

    def encoder(self) -> Encoder: ...
    def translator(self) -> Translator: ...
    def lexicon(self) -> Lexicon | None: ...


class Tools:
    """Models and what systems do with them; nothing loads before it is used.

    ``models`` is None where a system is to get by without any. ``align_options`` is called when sentences are first
    aligned. Every method raises UsageError when there are no models.
    """

    def __init__(
        self,
        models: ModelSource | None = None,
        align_options: Callable[[], AlignOptions] = AlignOptions,
        encode_options: EncodeOptions | None = None,
    ) -> None:
        self._models, self._align_options = models, align_options
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

    def align(self, sources: Sequence[Sentence], targets: Sequence[Sentence]) -> list[Int32]:
        """Word links of further pairs (the same language on both sides is fine), each int32 (E, 2), row-major."""
        n = len(sources)
        both = self._embedded([*sources, *targets], logits=False)
        source, target = both.take(0, n), both.take(n, n + len(targets))
        return align(sources, targets, source, target, self._align_options(), self.lexicon)

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32]:
        """Label probabilities of the words of further sentences, each float32 (words, labels)."""
        found = self._embedded(sentences, hidden=False)
        return [np.ascontiguousarray(found.probabilities_of(i)) for i in range(len(sentences))]

    def _embedded(self, sentences: Sequence[Sentence], *, hidden: bool = True, logits: bool = True) -> Embedded:
        tokens = self.encoder.tokenize([sentence.word_texts() for sentence in sentences])
        return embed_all(self.encoder, tokens, self._encode_options.batch_tokens, hidden=hidden, logits=logits)
