"""The NER score: how well a classifier's view of the target words spells a class over a candidate.

Source: span-based projection (arXiv 2501.18750 and its code).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import (
    BOOL,
    F64,
    I64,
    IN_F32_2D,
    IN_I32,
    IN_I32_2D,
    IN_I64,
    OUT_F64,
    OUT_I32,
    OUT_I64,
    Array,
    helper,
    kernel,
)
from spanport_kernels.ragged import Candidates, as_array, check_entities, check_inside, check_offsets
from spanport_kernels.scores import Scores, filled, most_cells


@helper
def score_class(
    probabilities: Array, top: Array, begin: int, inside: int, alpha: float, spelled: bool,
    ranges: Array, sums: Array, odd: Array, best: Array,
) -> None:  # fmt: skip
    """Raise ``best[c]`` to the class's score of candidate c, for all candidates of a sentence.

    ``sums[t]`` and ``odd[t]`` become the sum of p(I) and the number of words whose label is not I, before word t.
    """
    sums[0] = 0.0
    odd[0] = 0
    for t in range(probabilities.shape[0]):
        sums[t + 1] = sums[t] + probabilities[t, inside]
        odd[t + 1] = odd[t] + (top[t] != inside)
    for c in range(ranges.shape[0]):
        start, end = ranges[c, 0], ranges[c, 1]
        if spelled and (top[start] != begin or odd[end] > odd[start + 1]):
            continue
        mean = (probabilities[start, begin] + sums[end] - sums[start + 1]) / (end - start)
        best[c] = max(best[c], alpha ** (end - start - 1) * mean)


@kernel(
    I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_F32_2D, IN_I64, IN_I32, IN_I32, F64, F64, BOOL, BOOL,
    OUT_I32, OUT_I32, OUT_F64, OUT_I64,
)  # fmt: skip
def _ner(
    entities: Array,
    entity_offsets: Array,
    ranges: Array,
    range_offsets: Array,
    probabilities: Array,
    word_offsets: Array,
    begin_ids: Array,
    inside_ids: Array,
    alpha: float,
    threshold: float,
    spelled: bool,
    typed: bool,
    entity: Array,
    candidate: Array,
    score: Array,
    offsets: Array,
) -> int:
    """Scores above ``threshold``, of the entity's class (``typed``) or of the best class; returns their number."""
    words = most = np.int64(1)
    for b in range(entity_offsets.size - 1):
        words = max(words, word_offsets[b + 1] - word_offsets[b])
        most = max(most, range_offsets[b + 1] - range_offsets[b])
    top, odd = np.empty(words, np.int32), np.empty(words + 1, np.int32)
    sums, best = np.empty(words + 1, np.float64), np.empty(most, np.float64)
    total = 0
    for b in range(entity_offsets.size - 1):
        view = probabilities[word_offsets[b] : word_offsets[b + 1]]
        here = ranges[range_offsets[b] : range_offsets[b + 1]]
        for t in range(view.shape[0]):
            top[t] = 0
            for l in range(1, view.shape[1]):
                if view[t, l] > view[t, top[t]]:
                    top[t] = l
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            if typed or x == entity_offsets[b]:
                best[: here.shape[0]] = 0.0
                for l in range(begin_ids.size):
                    if begin_ids[l] >= 0 and (not typed or l == entities[x, 2]):
                        score_class(view, top, begin_ids[l], inside_ids[l], alpha, spelled, here, sums, odd, best)
            for c in range(here.shape[0]):
                if best[c] > threshold:
                    entity[total] = x - entity_offsets[b]
                    candidate[total] = c
                    score[total] = best[c]
                    total += 1
        offsets[b + 1] = total
    return total


def ner_scores(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    candidates: Candidates,
    probabilities: npt.NDArray[np.float32],
    word_offsets: npt.NDArray[np.int64],
    begin_ids: npt.NDArray[np.int32],
    inside_ids: npt.NDArray[np.int32],
    *,
    alpha: float = 1.15,
    threshold: float = 0.05,
    spelled: bool = False,
    typed: bool = True,
) -> Scores:
    """How well a classifier's view of the target words spells the entity's class over a candidate.

    ``alpha ** (length - 1) * mean(p(B) at the first word, p(I) at the rest)``, kept above ``threshold``.
    ``probabilities`` float32 ``(W, L)`` with ``word_offsets`` ``(B + 1,)``; ``begin_ids`` and ``inside_ids``
    ``(K,)``: columns of B and I of each class, -1 where the label set lacks it (the other stands in; without
    either the class scores 0). An entity's label is its class. ``spelled`` scores 0 unless the words' best labels
    are exactly B, I, I, ..., as the published code does; its description applies the formula always.
    """
    rows, offsets = check_entities(entities, entity_offsets)
    table = as_array(probabilities, np.float32, "probabilities", columns=0)
    words = check_offsets(word_offsets, len(table), "word_offsets")
    check_inside(candidates, np.diff(words))
    begin, inside = as_array(begin_ids, np.int32, "begin_ids"), as_array(inside_ids, np.int32, "inside_ids")
    if max(begin.max(initial=-1), inside.max(initial=-1)) >= table.shape[1] or begin.size != inside.size:
        raise ValueError(f"begin_ids {begin} and inside_ids {inside} do not fit {table.shape[1]} labels")
    begin, inside = np.where(begin < 0, inside, begin), np.where(inside < 0, begin, inside)
    return filled(
        _ner, rows, offsets, *candidates, table, words, begin, inside, alpha, threshold, spelled, typed,
        most=most_cells(offsets, candidates), sentences=offsets.size - 1,
    )  # fmt: skip
