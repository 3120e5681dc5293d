"""What a tagger is taught: sentences with a distribution over labels and a weight for every word, in batches.

Batches depend on the examples, the seed and the step alone, so that a stopped run goes on with the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from spanport_models.tokenization import TokenizedWords, WordTokenizer

Float32: TypeAlias = NDArray[np.float32]
Int64: TypeAlias = NDArray[np.int64]
Bool: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence.

    Attributes:
        words: Its W words.
        targets: float32 (W, L). What is to be learned: a distribution over labels for each word.
        weights: float32 (W,). How much each word counts; 0 leaves it out.
        known: bool (L,). Labels that the sentence's data set has: others are neither taught nor held against it.
        domain: Number of the data set.
        unspaced: Whether the words are of a language written without spaces: these are read as running text.
    """

    words: tuple[str, ...]
    targets: Float32
    weights: Float32
    known: Bool
    domain: int = 0
    unspaced: bool = False


class Batch(NamedTuple):
    """B sentences padded to T subwords, of which W words count.

    ids, mask: int64 (B, T); first: int64 (W,), positions of the words' first subwords among the B x T; row: int64
    (W,), the sentence of each; targets: float32 (W, L); weights: float32 (W,); known: bool (W, L); domain: int64
    (B,); numbers: int64 (B,), of the examples.
    """

    ids: Int64
    mask: Int64
    first: Int64
    row: Int64
    targets: Float32
    weights: Float32
    known: Bool
    domain: Int64
    numbers: Int64


class _Row(NamedTuple):
    ids: Int64
    first: Int64
    words: Int64


def hard(
    words: Sequence[str], labels: Sequence[int], size: int, domain: int = 0, *, unspaced: bool = False
) -> Example:
    """An example with one certain label, out of `size`, for every word; those of -1 are left out."""
    tags = np.asarray(labels, np.int64)
    targets = np.zeros((len(words), size), np.float32)
    targets[np.arange(len(words)), np.maximum(tags, 0)] = 1.0
    weights, known = (tags >= 0).astype(np.float32), np.ones(size, np.bool_)
    return Example(tuple(words), targets, weights, known, domain, unspaced)


def unlabelled(words: Sequence[str], size: int, domain: int = 0, *, unspaced: bool = False) -> Example:
    """An example that teaches nothing yet."""
    return hard(words, [-1] * len(words), size, domain, unspaced=unspaced)


def taught(example: Example, targets: Float32, weights: Float32 | None = None) -> Example:
    """The sentence with other targets, float32 (W, L), and weights, float32 (W,): 1 where None."""
    counts = np.ones(len(example.words), np.float32) if weights is None else weights
    return replace(example, targets=targets, weights=counts, known=np.ones(targets.shape[1], np.bool_))


class Stream:
    """Endless batches of similar lengths, in another order each epoch."""

    def __init__(self, examples: Sequence[Example], tokenizer: WordTokenizer, batch_tokens: int, seed: int) -> None:
        self.examples, self.batch_tokens, self.seed = examples, batch_tokens, seed
        self._pad = tokenizer.pad_id
        items = tokenized([one.words for one in examples], [one.unspaced for one in examples], tokenizer)
        self._rows = [_row(item, tokenizer.specials[0]) for item in items]
        self._lengths = np.array([len(row.ids) for row in self._rows], np.int64)
        self._epoch, self._start = 0, 0
        self._order = self._shuffled(0)
        self.per_epoch = len(self._order)

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def cut(self) -> int:
        """How many examples have more subwords than the encoder is shown."""
        return sum(len(row.words) < len(one.words) for row, one in zip(self._rows, self.examples, strict=True))

    @property
    def tokens(self) -> int:
        """Subwords of all examples together."""
        return int(self._lengths.sum())

    def batch(self, step: int) -> Batch:
        """The batch of a step; cheapest where steps ascend."""
        if step < self._start:
            self._epoch, self._start, self._order = 0, 0, self._shuffled(0)
        while step >= self._start + len(self._order):
            self._start += len(self._order)
            self._epoch += 1
            self._order = self._shuffled(self._epoch)
        return self.collate(self._order[step - self._start])

    def collate(self, index: Int64) -> Batch:
        """The examples of these numbers as a batch."""
        rows = [self._rows[i] for i in index]
        examples = [self.examples[i] for i in index]
        ids = np.full((len(rows), int(self._lengths[index].max())), self._pad, np.int64)
        mask = np.zeros_like(ids)
        for b, row in enumerate(rows):
            ids[b, : len(row.ids)] = row.ids
            mask[b, : len(row.ids)] = 1
        counts = np.array([len(row.first) for row in rows])
        return Batch(
            ids,
            mask,
            np.concatenate([row.first + b * ids.shape[1] for b, row in enumerate(rows)]),
            np.repeat(np.arange(len(rows)), counts),
            np.concatenate([one.targets[row.words] for one, row in zip(examples, rows, strict=True)]),
            np.concatenate([one.weights[row.words] for one, row in zip(examples, rows, strict=True)]),
            np.repeat(np.stack([one.known for one in examples]), counts, axis=0),
            np.array([one.domain for one in examples], np.int64),
            index,
        )

    def in_order(self) -> list[Int64]:
        """Numbers of the examples of batches that have each of them once, longest first."""
        return self._packed(np.argsort(-self._lengths, kind="stable"))

    def words_of(self, number: int) -> Int64:
        """Which words of an example the encoder sees: not those cut off at its maximum length."""
        return self._rows[number].words

    def _shuffled(self, epoch: int) -> list[Int64]:
        draw = np.random.default_rng([self.seed, epoch])
        jittered = self._lengths * draw.uniform(0.8, 1.2, len(self._lengths))
        batches = self._packed(np.argsort(-jittered, kind="stable"))
        return [batches[i] for i in draw.permutation(len(batches))]

    def _packed(self, order: Int64) -> list[Int64]:
        batches: list[list[int]] = []
        longest = 0
        for i in order.tolist():
            longest = max(longest, int(self._lengths[i]))
            if not batches or (len(batches[-1]) + 1) * longest > self.batch_tokens:
                batches.append([])
                longest = int(self._lengths[i])
            batches[-1].append(i)
        return [np.array(batch, np.int64) for batch in batches]


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write examples so that a reader or a crash never sees half of them."""
    empty = np.zeros((0, examples[0].targets.shape[1] if examples else 0), np.float32)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        words=np.frombuffer(msgspec.json.encode([one.words for one in examples]), np.uint8),
        targets=np.concatenate([empty, *(one.targets for one in examples)]),
        weights=np.concatenate([empty.sum(1), *(one.weights for one in examples)]),
        known=np.array([one.known for one in examples], np.bool_),
        domain=np.array([one.domain for one in examples], np.int64),
        unspaced=np.array([one.unspaced for one in examples], np.bool_),
    )
    partial.replace(path)


def read_examples(path: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        words = msgspec.json.decode(arrays["words"].tobytes(), type=list[tuple[str, ...]])
        ends = np.cumsum([len(one) for one in words])[:-1]
        targets, weights = np.split(arrays["targets"], ends), np.split(arrays["weights"], ends)
        known, domain, unspaced = arrays["known"], arrays["domain"].tolist(), arrays["unspaced"].tolist()
    rows = zip(words, targets, weights, known, domain, unspaced, strict=False)
    return [Example(*row) for row in rows] if words else []


def tokenized(
    sentences: Sequence[Sequence[str]], unspaced: Sequence[bool], tokenizer: WordTokenizer
) -> list[TokenizedWords]:
    """Sentences as the bundle will read them: those of languages written without spaces as running text."""
    plain = iter(tokenizer([words for words, without in zip(sentences, unspaced, strict=True) if not without]))
    running = iter(tokenizer.running([words for words, without in zip(sentences, unspaced, strict=True) if without]))
    return [next(running if without else plain) for without in unspaced]


def subwords_of(item: TokenizedWords) -> Int64:
    """Which subword each entry of `word_of_subword` is about, int64."""
    numbers = np.arange(len(item.word_of_subword)) if item.subwords is None else item.subwords
    return numbers.astype(np.int64)


def _row(item: TokenizedWords, head: int) -> _Row:
    owners = item.word_of_subword
    at = np.flatnonzero(np.diff(owners, prepend=-1))
    return _Row(item.ids.astype(np.int64), subwords_of(item)[at] + head, owners[at].astype(np.int64))
