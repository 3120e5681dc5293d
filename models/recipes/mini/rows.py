"""Training examples as piece ids: rows, batches of similar length, and the weights by which sources are drawn."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mini.augment import NameSwap
from mini.base import LABELS
from mini.labels import IGNORED, NOT_NAMED
from mini.pieces import Pieces
from mini.sources import UNSPACED, Pair

PAD, UNKNOWN = 1, 3
LONGEST = 110
NOT_NAMED_ID = len(LABELS)
_IDS = {label: index for index, label in enumerate(LABELS)} | {IGNORED: -100, NOT_NAMED: NOT_NAMED_ID}
_POOL = 3000
_MASKED, _CUT, _SWAPPED, _CAPITALS = 0.04, 0.12, 0.5, 0.03


CAPITAL, UNCASED = 2, 1


def _written(word: str) -> int:
    """`CAPITAL` where the word begins with a capital, `UNCASED` where it has letters of a script without capitals."""
    if word[:1].isupper():
        return CAPITAL
    return UNCASED if word.isalpha() and word.lower() == word.upper() else 0


class Row:
    """One sentence as piece ids, with the pieces where its words start (and where the last ends) and their labels.

    Words of text without spaces are its pieces where nobody has cut it into words.
    """

    __slots__ = ("ids", "labels", "names", "starts", "written")

    def __init__(self, words: list[list[int]], names: list[str], labels: list[str]) -> None:
        self.ids, self.starts = [0], []
        for pieces in words:
            self.starts.append(len(self.ids))
            self.ids += pieces
        self.starts.append(len(self.ids))
        self.ids.append(2)
        self.labels = [_IDS[label] for label in labels] or [-100] * len(words)
        self.names = [hash(name.lower()) for name in names]
        self.written = [_written(name) for name in names]

    def __len__(self) -> int:
        return len(self.ids)


class RowMaker:
    """Makes the two rows of a pair, words masked and cut at random where a generator is given."""

    def __init__(self, pieces: Pieces, generator: random.Random | None = None) -> None:
        self.pieces, self.generator = pieces, generator

    def __call__(self, pair: Pair) -> "Example":
        english = self._row(pair, 0, "eng") if pair.words[0] or pair.texts[0] else None
        return Example(english, self._row(pair, 1, pair.language[:3]), pair.links)

    def _row(self, pair: Pair, side: int, language: str) -> Row:
        words, labels = pair.words[side], pair.labels[side]
        if language not in UNSPACED:
            words = words or self.pieces.split(pair.texts[side])
            return Row([self._drawn(word) for word in self._cased(words, labels)], words, labels)
        if not words:
            return Row(*self.pieces.running(pair.texts[side]), labels)
        pieces = self.pieces.running_words(words)
        seen = [k for k, own in enumerate(pieces) if own]  # a piece of two words is of the first alone
        return Row([pieces[k] for k in seen], [words[k] for k in seen], [labels[k] for k in seen])

    def _cased(self, words: list[str], labels: list[str]) -> list[str]:
        """The words; seldom all of them in capitals, as headlines have them, or the names, as datelines do."""
        draw = 1.0 if self.generator is None else self.generator.random()
        if draw < _CAPITALS:
            return [word.upper() for word in words]
        if draw < 2 * _CAPITALS and labels:
            named = (label[:2] in ("B-", "I-") for label in labels)
            return [word.upper() if name else word for word, name in zip(words, named, strict=True)]
        return words

    def _drawn(self, word: str) -> list[int]:
        if self.generator is None:
            return self.pieces.word(word)
        if self.generator.random() < _MASKED:
            return [UNKNOWN]
        return self.pieces.sampled(word, self.generator, _CUT)


@dataclass(frozen=True, slots=True)
class Example:
    """A pair (or one sentence, without the English side) and its word links, empty where they are to be found."""

    english: Row | None
    other: Row
    links: list[tuple[int, int]]

    def width(self) -> int:
        """Pieces of the longer side."""
        return max(len(self.other), len(self.english) if self.english else 0)


class Batch:
    """Examples as tensors: English rows first, then the others.

    Attributes:
        ids: int64 (R, T), padded.
        word_rows, word_starts, word_ends: int64 (W,), row and piece range of every word, row after row.
        labels: int64 (W,), -100 where there is none.
        names: int64 (W,), equal for equal words.
        written: int8 (W,), how each word is written: `CAPITAL`, `UNCASED`, or 0.
        first: int64 (R + 1,), where each row's words begin.
        pairs: for every example with two sides its links and the rows of its sides.
    """

    def __init__(self, examples: list[Example]) -> None:
        english = [e for e in examples if e.english is not None]
        rows = [e.english for e in english if e.english is not None] + [e.other for e in examples]
        ids = np.full((len(rows), max(map(len, rows))), PAD, dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row.ids
        self.ids = torch.from_numpy(ids)
        counts = [len(row.starts) - 1 for row in rows]
        self.first = np.concatenate([[0], np.cumsum(counts)])
        self.word_rows = _tensor(np.repeat(np.arange(len(rows)), counts))
        self.word_starts = _tensor([at for row in rows for at in row.starts[:-1]])
        self.word_ends = _tensor([at for row in rows for at in row.starts[1:]])
        self.labels = _tensor([label for row in rows for label in row.labels])
        self.names = _tensor([name for row in rows for name in row.names])
        self.written = np.array([how for row in rows for how in row.written], np.int8)
        places = {id(e): k for k, e in enumerate(english)}
        self.pairs = [
            (e.links, places[id(e)], len(english) + k) for k, e in enumerate(examples) if e.english is not None
        ]
        self.tokens = sum(map(len, rows))

    @cached_property
    def mask(self) -> torch.Tensor:
        """int64 (R, T): 1 at pieces, 0 at padding."""
        return (self.ids != PAD).long()


def _tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.int64))


def batches(examples: list[Example], budget: int) -> Iterator[list[Example]]:
    """Examples of similar length, shortest first, in batches of at most `budget` padded pieces."""
    batch: list[Example] = []
    for example in sorted(examples, key=Example.width):
        if batch and 2 * example.width() * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(example)
    if batch:
        yield batch


class Sampler:
    """Endless batches, drawn from groups of sources by their shares."""

    def __init__(self, pairs: list[Pair], pieces: Pieces, budget: int, seed: int) -> None:
        self.generator = random.Random(seed)
        self.budget = budget
        self.make = RowMaker(pieces, self.generator)
        self.groups: dict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            self.groups[pair.group].append(pair)
        self.weights: dict[str, NDArray[np.float64]] = {
            name: np.cumsum([pair.weight for pair in members]) for name, members in self.groups.items()
        }
        self.swap = NameSwap((p for p in self.groups["gold"] if p.origin == "en2es/deepl"), self.generator)
        self.shares: Mapping[str, float] = dict.fromkeys(self.groups, 1.0)

    def _pool(self) -> list[Example]:
        names = [name for name in self.groups if self.shares.get(name)]
        drawn = self.generator.choices(names, [self.shares[name] for name in names], k=_POOL)
        out = []
        for name in drawn:
            weights = self.weights[name]
            pair = self.groups[name][int(np.searchsorted(weights, self.generator.random() * weights[-1]))]
            example = self.make(self.swap(pair, _SWAPPED))
            if example.width() <= LONGEST:
                out.append(example)
        return out

    def __iter__(self) -> Iterator[Batch]:
        while True:
            found = list(batches(self._pool(), self.budget))
            self.generator.shuffle(found)
            yield from map(Batch, found)
