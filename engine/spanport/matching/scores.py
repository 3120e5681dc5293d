"""How well a target range fits an entity (thesis, scores; arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanport.encoding.label import as_iob2
from spanport.errors import UsageError
from spanport.labels import types_of
from spanport.matching.batch import PairBatch
from spanport.options import Score
from spanport.ports import Int32, Int64

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.matching import Matching
    from spanport_kernels.scores import Scores

FUSIONS = {
    "align": {"align": 1.0},
    "ner": {"ner": 1.0},
    "ner_spans": {"ner_spans": 1.0},
    "nmt": {"nmt": 1.0},
    "align_ner": {"align": 0.5, "ner": 0.5},
    "align_ner_spans": {"align": 0.5, "ner_spans": 0.5},
    "align_nmt": {"align": 0.5, "nmt": 1.0},
    "ner_spans_nmt": {"ner_spans": 0.5, "nmt": 1.0},
    "all_fusion": {"align": 0.5, "ner": 0.5, "nmt": 1.0},
}
"""The parts of each score and their weights, as published."""


def align_score(batch: PairBatch, candidates: Candidates, score: Score) -> Scores:
    """Links that entity and candidate share, over their lengths; see `spanport_kernels.align_score`."""
    from spanport_kernels.align_score import align_scores

    return align_scores(
        batch.entities,
        batch.entity_offsets,
        batch.edges,
        batch.edge_offsets,
        candidates,
        batch.target_lengths,
        score=score,
    )


def ner_score(
    batch: PairBatch,
    candidates: Candidates,
    tags: Sequence[str],
    *,
    typed: bool,
    alpha: float,
    threshold: float,
    spelled: bool,
) -> Scores:
    """How well the classifier's view of the target spells the entity's class (any class unless ``typed``).

    ``tags`` names the columns of the works' probabilities; see `spanport_kernels.ner_score`. Raises UsageError where
    a work has no probabilities.
    """
    from spanport_kernels.ner_score import ner_scores

    views = [work.probabilities for work in batch.works if work.probabilities is not None]
    if len(views) < batch.target_lengths.size:
        raise UsageError("the NER score needs the classifier's probabilities of the target; run it on an Engine")
    # Every class of the label set counts where types are ignored, those that no entity of the batch has included.
    kinds = batch.labels if typed else types_of(tags)
    view, tags = as_iob2(np.concatenate([np.empty((0, len(tags)), np.float32), *views]), tags)
    columns = {tag: i for i, tag in enumerate(tags)}
    begin, inside = (
        np.array([columns.get(prefix + kind, -1) for kind in kinds], np.int32) for prefix in ("B-", "I-")
    )
    return ner_scores(
        batch.entities,
        batch.entity_offsets,
        candidates,
        view,
        np.concatenate([[0], np.cumsum(batch.target_lengths)]),
        begin,
        inside,
        alpha=alpha,
        threshold=threshold,
        spelled=spelled,
        typed=typed,
    )


def read_off(batch: PairBatch, spans: Int32, span_offsets: Int64) -> Matching:
    """The matching of ranges that are read off the links, scored by their `coverage`.

    Nothing is optimised, so it is no more than feasible: "optimal" would claim what nobody proved.
    """
    from spanport_kernels.matching import FEASIBLE, Matching

    status = np.full(len(batch), FEASIBLE, np.int8)
    return Matching(spans, coverage(batch, spans, span_offsets), span_offsets, status)


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
