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
    scores = np.zeros(len(spans))
    pairs = np.repeat(np.arange(len(batch)), np.diff(span_offsets))
    for p, (pair, (first, last, _, entity)) in enumerate(zip(pairs.tolist(), spans.tolist(), strict=True)):
        links = batch.edges[batch.edge_offsets[pair] : batch.edge_offsets[pair + 1]]
        start, stop, _ = batch.entities[batch.entity_offsets[pair] + entity].tolist()
        source, target = links[:, 0], links[:, 1]
        inside = links[(source >= start) & (source < stop) & (target >= first) & (target < last)]
        both = len(np.unique(inside[:, 0])) + len(np.unique(inside[:, 1]))
        scores[p] = both / (last - first + stop - start)
    return scores
