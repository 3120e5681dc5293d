"""One encoder pass over sentences of both sides: word vectors and label probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanport.ports import Encoded, Encoder, Float32, Int32, Int64
from spanport.stages.batch import offsets_of
from spanport.types import Sentence


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


def embed(
    encoder: Encoder, tokens: Sequence[Any], *, hidden: bool = True, logits: bool = True, subwords: bool = False
) -> Embedded:
    """Encode B tokenised sentences in one forward pass; what is not asked for comes back empty.

    A word's vector is the mean of its subwords' states, the zero vector where it has none.
    """
    encoded = encoder.run(tokens, hidden=hidden, logits=logits)
    lengths = np.diff(encoded.word_offsets)
    if not hidden:
        nothing = np.empty((0, 0), np.float32), np.zeros(len(lengths) + 1, np.int64), np.empty(0, np.int32)
        return Embedded(*nothing, encoded.word_probabilities, encoded.word_offsets)
    if subwords:
        vectors, offsets, word_of = encoded.hidden, encoded.subword_offsets, encoded.word_of_subword
    else:
        vectors, offsets = _pool(encoded), encoded.word_offsets
        word_of = (np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)).astype(np.int32)
    return Embedded(vectors, offsets, word_of, encoded.word_probabilities, encoded.word_offsets)


def _pool(encoded: Encoded) -> Float32:
    """Mean of each word's subword states, float32 (W, d)."""
    from spanport_kernels.similarity import pool_words

    sentence = np.repeat(np.arange(len(encoded.word_offsets) - 1), np.diff(encoded.subword_offsets))
    word = encoded.word_offsets[sentence] + encoded.word_of_subword
    counts = np.bincount(word, minlength=int(encoded.word_offsets[-1]))
    return pool_words(encoded.hidden, offsets_of(counts))  # type: ignore[arg-type]


def embed_all(
    encoder: Encoder,
    tokens: Sequence[Any],
    batch_tokens: int,
    *,
    hidden: bool = True,
    logits: bool = True,
    subwords: bool = False,
) -> Embedded:
    """As `embed`, for any number of sentences, of any length: in `passes` of at most ``batch_tokens`` tokens."""
    flat, parts = parts_of(tokens), dict[int, Embedded]()
    for here in passes(flat, batch_tokens):
        part = embed(encoder, [flat[i] for i in here], hidden=hidden, logits=logits, subwords=subwords)
        parts.update((i, part.take(k, k + 1)) for k, i in enumerate(here))
    if len(flat) == len(tokens):
        return _join([parts[i] for i in range(len(flat))])
    sentences, at = [], 0
    for item in tokens:
        count = len(item.parts) if isinstance(item, Chunks) else 1
        sentences.append(_glue([parts[i] for i in range(at, at + count)]))
        at += count
    return _join(sentences)


def _glue(chunks: Sequence[Embedded]) -> Embedded:
    """The chunks of one sentence as that sentence."""
    joined = _join(chunks)
    before = np.repeat(joined.word_offsets[:-1], np.diff(joined.offsets)).astype(np.int32)
    ends = [np.array([0, offsets[-1]], np.int64) for offsets in (joined.offsets, joined.word_offsets)]
    return Embedded(joined.vectors, ends[0], joined.word_of + before, joined.probabilities, ends[1])


def passes(tokens: Sequence[Any], batch_tokens: int) -> list[list[int]]:
    """Positions of the sentences of each forward pass: similar lengths, at most ``batch_tokens`` with padding."""
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i].ids))
    found: list[list[int]] = []
    for i in order:
        if found and (len(found[-1]) + 1) * len(tokens[i].ids) <= batch_tokens:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _join(parts: Sequence[Embedded]) -> Embedded:
    """Consecutive batches as one."""
    if not parts:
        nothing, no_offsets = np.empty((0, 0), np.float32), np.zeros(1, np.int64)
        return Embedded(nothing, no_offsets, np.empty(0, np.int32), nothing, no_offsets)
    return Embedded(
        np.concatenate([part.vectors for part in parts]),
        offsets_of([length for part in parts for length in np.diff(part.offsets).tolist()]),
        np.concatenate([part.word_of for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        offsets_of([length for part in parts for length in np.diff(part.word_offsets).tolist()]),
    )
