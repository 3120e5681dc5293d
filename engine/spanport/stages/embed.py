"""One encoder pass over sentences of both sides: word vectors and label probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanport.ports import Encoded, Encoder, Float32, Int64
from spanport.stages.batch import offsets_of


@dataclass(frozen=True, slots=True)
class Embedded:
    """Words of B sentences. vectors: float32 (W, d); offsets: int64 (B + 1,); probabilities: float32 (W, L)."""

    vectors: Float32
    offsets: Int64
    probabilities: Float32

    def probabilities_of(self, i: int) -> Float32:
        """float32 (words of sentence i, L)."""
        return self.probabilities[self.offsets[i] : self.offsets[i + 1]]

    def take(self, first: int, last: int) -> Embedded:
        """Sentences ``first`` up to ``last``, without copying."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        offsets = self.offsets[first : last + 1] - begin
        return Embedded(self.vectors[begin:end], offsets, self.probabilities[begin:end])


def pool(encoded: Encoded) -> Float32:
    """Mean of each word's subword states, float32 (W, d); a word that got no subword has the zero vector."""
    from spanport_kernels.similarity import pool_words

    sentence = np.repeat(np.arange(len(encoded.word_offsets) - 1), np.diff(encoded.subword_offsets))
    word = encoded.word_offsets[sentence] + encoded.word_of_subword
    counts = np.bincount(word, minlength=int(encoded.word_offsets[-1]))
    return pool_words(encoded.hidden, offsets_of(counts))  # type: ignore[arg-type]


def embed_all(
    encoder: Encoder, tokens: Sequence[Any], batch_tokens: int, *, hidden: bool = True, logits: bool = True
) -> Embedded:
    """As `embed`, for any number of sentences: in passes of similar lengths of at most ``batch_tokens`` tokens."""
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i].ids))
    parts: dict[int, Embedded] = {}
    at = 0
    while at < len(order):
        size = 1
        while at + size < len(order) and (size + 1) * len(tokens[order[at + size]].ids) <= batch_tokens:
            size += 1
        here = order[at : at + size]
        part = embed(encoder, [tokens[i] for i in here], hidden=hidden, logits=logits)
        parts.update((i, part.take(k, k + 1)) for k, i in enumerate(here))
        at += size
    return join([parts[i] for i in range(len(tokens))])


def join(parts: Sequence[Embedded]) -> Embedded:
    """Consecutive batches as one."""
    empty = np.empty((0, 0), np.float32)
    return Embedded(
        np.concatenate([part.vectors for part in parts]) if parts else empty,
        offsets_of([length for part in parts for length in np.diff(part.offsets).tolist()]),
        np.concatenate([part.probabilities for part in parts]) if parts else empty,
    )


def embed(encoder: Encoder, tokens: Sequence[Any], *, hidden: bool = True, logits: bool = True) -> Embedded:
    """Encode B tokenised sentences in one forward pass; what is not asked for comes back empty."""
    encoded = encoder.run(tokens, hidden=hidden, logits=logits)
    vectors = pool(encoded) if hidden else np.empty((0, 0), np.float32)
    return Embedded(vectors, encoded.word_offsets, encoded.word_probabilities)
