"""What a stage needs from a model: structural types, so that models never import the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]


class Encoded(Protocol):
    """The outcome of forward passes over B sentences with S subwords and W words in all.

    hidden: float32 (S, d), states of the alignment layer, specials left out;
    subword_offsets: int64 (B + 1,); word_of_subword: int32 (S,), word index within its sentence;
    word_probabilities: float32 (W, L), softmax at each word's first subword; word_offsets: int64 (B + 1,).
    """

    @property
    def hidden(self) -> Float32: ...
    @property
    def subword_offsets(self) -> Int64: ...
    @property
    def word_of_subword(self) -> Int32: ...
    @property
    def word_probabilities(self) -> Float32: ...
    @property
    def word_offsets(self) -> Int64: ...


class Encoder(Protocol):
    """Token classifier and word encoder in the same forward passes."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def languages(self) -> tuple[str, ...]:
        """NLLB codes of the languages it was trained on; empty when unknown."""

    def tokenize(self, sentences: Sequence[Sequence[str]], *, language: str | None = None) -> Sequence[Any]: ...
    def run(
        self, batch: Sequence[Any], *, hidden: bool = True, logits: bool = True, batch_tokens: int | None = None
    ) -> Encoded:
        """Sentences of ``tokenize``, in forward passes of at most ``batch_tokens`` tokens."""


class Generated(Protocol):
    """One translation."""

    @property
    def text(self) -> str: ...


class Translator(Protocol):
    """Sequence-to-sequence model with NLLB language codes."""

    def tokenize(self, texts: Sequence[str], language: str, target_language: str = "") -> list[list[str]]: ...
    def generate(
        self, tokens: Sequence[Sequence[str]], target_language: str, *, beam_size: int = 1
    ) -> Sequence[Generated]: ...
    def score(
        self, sources: Sequence[str], targets: Sequence[str], source_language: str, target_language: str
    ) -> list[Float32]: ...


class Lexicon(Protocol):
    """Bilingual word association between English and other languages, by hashed words.

    keys, scores, starts, marks: the table as `spanport_kernels.lookup.Table` has it, uint64 and float32 (entries,),
    int32 (buckets + 1,) and uint8 (buckets,).
    """

    @property
    def keys(self) -> UInt64: ...
    @property
    def scores(self) -> Float32: ...
    @property
    def starts(self) -> Int32: ...
    @property
    def marks(self) -> UInt8: ...
    def hashes(self, language: str, words: Sequence[str]) -> UInt64:
        """Hashes of the form and the prefix of each word of a language, uint64 (words, 2)."""
