"""Target ranges that an entity may be carried over to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from spanport.matching.batch import PairBatch
from spanport.work import Work

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.ngram import Problem

Source = Literal["ngram", "hull", "merged", "ner"]
"""Where candidate ranges come from; see `find_candidates`."""

Reader = Callable[[Work], Sequence[tuple[int, int, str]]]
"""Entities that a classifier reads on a work's target: first word, last word + 1, label."""


def problem_of(batch: PairBatch, stop_words: Sequence[str] = ()) -> Problem:
    """The batch as the n-gram kernels take it."""
    from spanport_kernels.ngram import Problem

    return Problem(*batch.arrays, batch.stop_mask(stop_words))


def find_candidates(
    batch: PairBatch,
    source: Source,
    *,
    max_length: int = 10,
    stop_words: Sequence[str] = (),
    sub_ranges: bool = False,
    read: Reader | None = None,
) -> Candidates:
    """Candidates of each pair, unique, sorted by start, then end (thesis, candidate generation).

    ``ngram``: all ranges of at most ``max_length`` words (0: any) without stop words; ``hull``: per entity, every
    range between its first and last aligned word; ``merged``: per entity, from the start of an aligned run to the
    end of the same or a later one, and, with ``sub_ranges``, the ranges inside a run; ``ner``: what ``read`` finds
    on the target, types aside, with ``sub_ranges`` their sub-ranges too.
    """
    from spanport_kernels import candidates as kernels

    if source == "ngram":
        return kernels.ngram_candidates(batch.target_lengths, batch.stop_mask(stop_words), max_length=max_length)
    if source == "ner":
        assert read is not None, "ner candidates come from a classifier"
        rows = [[(start, end) for start, end, _ in read(work)] for work in batch.works]
        flat = np.array([row for found in rows for row in found], np.int32).reshape(-1, 2)
        return kernels.predicted_spans(flat, np.cumsum([0, *map(len, rows)]), subranges=sub_ranges)
    if source == "hull":
        return kernels.aligned_subranges(*batch.arrays)
    return kernels.merged_ranges(*batch.arrays, subranges=sub_ranges)
