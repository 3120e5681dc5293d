"""Sentences of both sides through an encoder: word vectors and label probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanport.ports import Encoded, Encoder, Float32, Int32, Int64
from spanport.types import Sentence
from spanport_models.batching import padded_length


@dataclass(frozen=True, slots=True)
class Embedded:
    """B sentences of W words in all, as U vectors: of words, or of subwords.

    vectors: float32 (U, d), with offsets int64 (B + 1,); word_of: int32 (U,), the word each belongs to, within its
    sentence; probabilities: float32 (W, L), with word_offsets int64 (B + 1,).
    """

    vectors: Float32
    offsets: Int64
    word_of: Int32
    probabilities: Float32
    word_offsets: Int64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def probabilities_of(self, i: int) -> Float32:
        """float32 (words of sentence i, L)."""
        return self.probabilities[self.word_offsets[i] : self.word_offsets[i + 1]]

    def take(self, first: int, last: int) -> Embedded:
        """Sentences ``first`` up to ``last``, without copying."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        low, high = int(self.word_offsets[first]), int(self.word_offsets[last])
        return Embedded(
            self.vectors[begin:end],
            self.offsets[first : last + 1] - begin,
            self.word_of[begin:end],
            self.probabilities[low:high],
            self.word_offsets[first : last + 1] - low,
        )


@dataclass(frozen=True, slots=True)
class Chunks:
    """A sentence longer than the encoder's longest input, as consecutive parts that fit."""

    parts: tuple[Any, ...]

    @property
    def ids(self) -> list[int]:
        """The ids of all parts: their number is what the sentence costs."""
        return [int(i) for part in self.parts for i in part.ids]


def tokenize(encoder: Encoder, sentences: Sequence[Sentence]) -> list[Any]:
    """Each sentence as the encoder reads it, in its language where the encoder wants to know it.

    One that is too long comes in `Chunks`: every word is seen, though with the context of its chunk only.
    """
    out: dict[int, Any] = {}
    for language in dict.fromkeys(sentence.language for sentence in sentences):
        here = [i for i, sentence in enumerate(sentences) if sentence.language == language]
        found = encoder.tokenize([sentences[i].word_texts() for i in here], language=language)
        for i, tokens in zip(here, found, strict=True):
            cut = tokens.truncated_words > 0
            out[i] = Chunks(_chunks(encoder, sentences[i].word_texts(), language)) if cut else tokens
    return [out[i] for i in range(len(sentences))]


def _chunks(encoder: Encoder, words: list[str], language: str) -> tuple[Any, ...]:
    """The words in halves, and these in halves, until all fit."""
    (tokens,) = encoder.tokenize([words], language=language)
    if not tokens.truncated_words or len(words) == 1:
        return (tokens,)
    middle = len(words) // 2
    return _chunks(encoder, words[:middle], language) + _chunks(encoder, words[middle:], language)


def parts_of(tokens: Sequence[Any]) -> list[Any]:
    """What goes through the encoder: the sentences, those in chunks as their chunks."""
    return [part for item in tokens for part in (item.parts if isinstance(item, Chunks) else (item,))]


def spent(tokens: Sequence[Any]) -> tuple[int, int]:
    """Tokens of sentences, without and with the padding that encoders add."""
    lengths = [len(part.ids) for part in parts_of(tokens)]
    return sum(lengths), sum(map(padded_length, lengths))


def embed(
    encoder: Encoder,
    tokens: Sequence[Any],
    *,
    hidden: bool = True,
    logits: bool = True,
    subwords: bool = False,
    batch_tokens: int | None = None,
) -> Embedded:
    """Encode B tokenised sentences of any length; what is not asked for comes back empty.

    A word's vector is the mean of its subwords' states, the zero vector where it has none. No forward pass has more
    than ``batch_tokens`` tokens (None: what the encoder was made for), unless a sentence has.
    """
    flat = parts_of(tokens)
    encoded = encoder.run(flat, hidden=hidden, logits=logits, batch_tokens=batch_tokens)
    lengths = np.diff(encoded.word_offsets)
    if not hidden:
        vectors, word_of = np.empty((0, 0), np.float32), np.empty(0, np.int32)
        offsets = np.zeros(len(lengths) + 1, np.int64)
    elif subwords:
        vectors, offsets, word_of = encoded.hidden, encoded.subword_offsets, encoded.word_of_subword
    else:
        vectors, offsets = _pool(encoded), encoded.word_offsets
        word_of = (np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)).astype(np.int32)
    seen = Embedded(vectors, offsets, word_of, encoded.word_probabilities, encoded.word_offsets)
    if len(flat) == len(tokens):
        return seen
    counts = [len(item.parts) if isinstance(item, Chunks) else 1 for item in tokens]
    return _glue(seen, np.cumsum([0, *counts]))


def _pool(encoded: Encoded) -> Float32:
    """Mean of each word's subword states, float32 (W, d)."""
    from spanport_kernels.pooling import pool_words

    sentence = np.repeat(np.arange(len(encoded.word_offsets) - 1), np.diff(encoded.subword_offsets))
    word = encoded.word_offsets[sentence] + encoded.word_of_subword
    counts = np.bincount(word, minlength=int(encoded.word_offsets[-1]))
    return pool_words(encoded.hidden, np.concatenate([[0], np.cumsum(counts)]))


def _glue(chunks: Embedded, firsts: Int64) -> Embedded:
    """The chunks of sentences as these sentences, of which each has the chunks from ``firsts[i]`` on."""
    begin = np.repeat(chunks.word_offsets[firsts[:-1]], np.diff(firsts))
    before = np.repeat((chunks.word_offsets[:-1] - begin).astype(np.int32), np.diff(chunks.offsets))
    return Embedded(
        chunks.vectors,
        chunks.offsets[firsts],
        chunks.word_of + before,
        chunks.probabilities,
        chunks.word_offsets[firsts],
    )
