"""Ragged bookkeeping that all evidence shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.ports import Int64
from spanport.stages.batch import Job, offsets_of

Float64 = npt.NDArray[np.float64]


class Ranges(NamedTuple):
    """Candidates sorted by pair, entity, start, end; entity is a row of the batch. Each int64 (C,)."""

    pair: Int64
    entity: Int64
    start: Int64
    end: Int64


class Words(NamedTuple):
    """Flags of the words of one side, flat; offsets: int64 (B + 1,)."""

    offsets: Int64
    capital: npt.NDArray[np.bool_]
    texts: list[list[str]]


def words_of(jobs: Sequence[Job], side: Literal["source", "target"]) -> Words:
    """The words of one side of all jobs."""
    texts = [getattr(job, side).word_texts() for job in jobs]
    capital = np.array([word[:1].isupper() for row in texts for word in row], np.bool_)
    return Words(offsets_of([len(row) for row in texts]), capital, texts)


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
