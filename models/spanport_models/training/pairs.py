"""Sentence pairs for the training of an aligner: both sides padded, with their words and links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spanport_models.batching import token_batches
from spanport_models.tokenization import TokenizedWords, WordTokenizer
from spanport_models.training.examples import Bool, Int64, subwords_of, tokenized


@dataclass(frozen=True, slots=True)
class PairExample:
    """Words of both sides, and int64 (K, 2) links between them; unspaced: whether each side is of a language written
    without spaces, which is read as running text."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: Int64
    unspaced: tuple[bool, bool] = (False, False)


class Side(NamedTuple):
    """One side of B pairs, each int64 (B, T): ids, mask, the word of each subword (-1: none)."""

    ids: Int64
    mask: Int64
    word: Int64


class PairBatch(NamedTuple):
    """B pairs. guide: bool (B, S, T), subwords of linked words; rows: int64 (K, 3), pair, source and target word of
    each link that both sides show; names: int64 (K, 2), equal where the words are."""

    source: Side
    target: Side
    guide: Bool
    rows: Int64
    names: Int64


class PairStream:
    """Endless batches of pairs of similar lengths, in another order each epoch."""

    def __init__(self, pairs: Sequence[PairExample], tokenizer: WordTokenizer, batch_tokens: int, seed: int) -> None:
        self.pairs, self.seed, self.tokenizer = pairs, seed, tokenizer
        self._sides = [
            tokenized([getattr(pair, side) for pair in pairs], [pair.unspaced[k] for pair in pairs], tokenizer)
            for k, side in enumerate(("source", "target"))
        ]
        lengths = [2 * max(len(one.ids), len(other.ids)) for one, other in zip(*self._sides, strict=True)]
        self._batches = token_batches(lengths, batch_tokens)
        self.per_epoch = len(self._batches)
        words = {word.lower() for pair in pairs for word in (*pair.source, *pair.target)}
        self._number = {word: i for i, word in enumerate(sorted(words))}

    def batch(self, step: int) -> PairBatch:
        """The batch of a step."""
        epoch, at = divmod(step, self.per_epoch)
        index = self._batches[np.random.default_rng([self.seed, epoch]).permutation(self.per_epoch)[at]]
        source, target = (self._side([side[i] for i in index]) for side in self._sides)
        guide = np.zeros((len(index), source.ids.shape[1], target.ids.shape[1]), np.bool_)
        rows, names = [np.zeros((0, 3), np.int64)], [np.zeros((0, 2), np.int64)]
        for b, i in enumerate(index.tolist()):
            pair = self.pairs[i]
            table = np.zeros((len(pair.source) + 1, len(pair.target) + 1), np.bool_)  # the last ones: no word
            shown = np.isin(pair.links[:, 0], source.word[b]) & np.isin(pair.links[:, 1], target.word[b])
            links = pair.links[shown]
            table[links[:, 0], links[:, 1]] = True
            guide[b] = table[source.word[b][:, None], target.word[b][None, :]]
            rows.append(np.column_stack([np.full(len(links), b), links]))
            own = [(self._number[pair.source[m].lower()], self._number[pair.target[n].lower()]) for m, n in links]
            names.append(np.array(own, np.int64).reshape(-1, 2))
        return PairBatch(source, target, guide, np.concatenate(rows), np.concatenate(names))

    def pieces(self) -> Int64:
        """The ids of all subwords that occur, ascending, int64."""
        return np.unique(np.concatenate([one.ids for side in self._sides for one in side])).astype(np.int64)

    def _side(self, rows: list[TokenizedWords]) -> Side:
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids, mask = np.full(shape, self.tokenizer.pad_id, np.int64), np.zeros(shape, np.int64)
        word, head = np.full(shape, -1, np.int64), self.tokenizer.specials[0]
        for b, row in enumerate(rows):
            ids[b, : len(row.ids)], mask[b, : len(row.ids)] = row.ids, 1
            word[b, head + subwords_of(row)[::-1]] = row.word_of_subword[::-1]  # of several words the first
        return Side(ids, mask, word)
