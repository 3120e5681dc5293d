"""Ragged bookkeeping that all evidence shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.matching.batch import PairBatch
from spanport.ports import BoolArray, Int64
from spanport.ragged import offsets_of
from spanport.work import Work

Float64 = npt.NDArray[np.float64]


class Ranges(NamedTuple):
    """Candidates sorted by pair, entity, start, end; entity is a row of the batch. Each int64 (C,)."""

    pair: Int64
    entity: Int64
    start: Int64
    end: Int64


class Words(NamedTuple):
    """The words of one side: sentence by sentence, and flat as ``number``, int64 (W,), of the distinct ones."""

    offsets: Int64
    texts: list[list[str]]
    distinct: list[str]
    number: Int64

    def flags(self, test: Callable[[str], bool]) -> BoolArray:
        """Whether the test holds, for every word, bool (W,)."""
        return np.array([test(word) for word in self.distinct], np.bool_)[self.number]


def words_of(works: Sequence[Work], side: Literal["source", "target"]) -> Words:
    """The words of one side of all works."""
    texts = [getattr(work, side).word_texts() for work in works]
    flat = list(chain.from_iterable(texts))
    numbers = {word: k for k, word in enumerate(dict.fromkeys(flat))}
    number = np.fromiter(map(numbers.__getitem__, flat), np.int64, len(flat))
    return Words(offsets_of([len(row) for row in texts]), texts, list(numbers), number)


def capital(word: str) -> bool:
    """Whether the word begins with a capital letter."""
    return word[:1].isupper()


class EntityLinks(NamedTuple):
    """The links of each entity: ``rows`` of the batch's edges, int64 (K,), from ``offsets`` (entities + 1,) on."""

    rows: Int64
    offsets: Int64


def links_of_entities(batch: PairBatch) -> EntityLinks:
    """Which links start inside each entity."""
    pair = np.repeat(np.arange(len(batch)), np.diff(batch.entity_offsets))
    entity, at = spread(np.diff(batch.edge_offsets)[pair])
    at = batch.edge_offsets[pair[entity]] + at
    word = batch.edges[at, 0]
    inside = (word >= batch.entities[entity, 0]) & (word < batch.entities[entity, 1])
    counts = np.bincount(entity[inside], minlength=len(batch.entities))
    return EntityLinks(at[inside], offsets_of(counts.tolist()))


def spread(counts: npt.NDArray[Any]) -> tuple[Int64, Int64]:
    """For items repeated ``counts`` times: the item, and the number of the repetition."""
    item = np.repeat(np.arange(counts.size), counts)
    return item, np.arange(item.size) - (np.cumsum(counts) - counts)[item]


def running_sums(values: npt.NDArray[Any]) -> Float64:
    """Running sums with a leading 0, so that a range sums to a difference of two."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def log_odds(probability: npt.NDArray[Any], least: float = 0.005) -> Float64:
    """Logarithm of p over 1 - p, p kept within ``[least, 1 - least]``."""
    p = np.clip(np.asarray(probability, np.float64), least, 1 - least)
    return np.log(p / (1 - p))
