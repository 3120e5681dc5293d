"""How well a target range fits an entity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport.ports import Int32, Int64
from spanport.stages.batch import PairBatch


def coverage(batch: PairBatch, spans: Int32, span_offsets: Int64) -> npt.NDArray[np.float64]:
    """The covered alignment score of matched ranges, float64 (P,), in [0, 1].

    spans: int32 (P, 4): start word, end word, label, entity within the pair; span_offsets: int64 (B + 1,).
    (Entity words linked into the range + words of the range linked to the entity) / (both lengths).
    """
    from spanport_kernels.align_score import align_scores
    from spanport_kernels.candidates import Candidates

    ranges = Candidates(np.ascontiguousarray(spans[:, :2]), span_offsets)
    every = align_scores(
        batch.entities,
        batch.entity_offsets,
        batch.edges,
        batch.edge_offsets,
        ranges,
        batch.target_lengths,
        score="covered",
    )
    flat = every.candidate + np.repeat(span_offsets[:-1], np.diff(every.offsets))
    own = spans[flat, 3] == every.entity
    scores = np.zeros(len(spans))
    scores[flat[own]] = every.score[own]
    return scores
