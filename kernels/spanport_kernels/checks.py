"""Entities and candidates: their arrays, and the checks that kernels rely on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanport_kernels.ragged import as_array, check_offsets


class Candidates(NamedTuple):
    """``ranges`` int32 ``(C, 2)``: start, end in target words, half-open; ``offsets`` int64 ``(B + 1,)``."""

    ranges: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]


def check_entities(
    entities: npt.ArrayLike, entity_offsets: npt.ArrayLike
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Entities ``(E, 3)`` and their offsets, converted; ValueError where they do not fit or an entity is empty."""
    rows = as_array(entities, np.int32, "entities", columns=3)
    bad = (rows[:, 0] < 0) | (rows[:, 1] <= rows[:, 0])
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"entity {at} is [{rows[at, 0]}, {rows[at, 1]}), expected 0 <= start < end")
    return rows, check_offsets(entity_offsets, len(rows), "entity_offsets")


def check_inside(candidates: Candidates, lengths: npt.NDArray[np.int64]) -> None:
    """ValueError unless every candidate is a range of words of its sentence."""
    ends = np.repeat(lengths, np.diff(candidates.offsets))
    starts_at, ends_at = candidates.ranges.T
    bad = (starts_at < 0) | (ends_at <= starts_at) | (ends_at > ends)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"candidate {at} is {candidates.ranges[at].tolist()} in a sentence of {ends[at]} words")
