"""Whether a confidence of 0.8 is right 80 % of the time: reliability bins and the expected calibration error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from spanport.errors import UsageError
from spanport.evaluate.entities import common_entities, sentence_pairs
from spanport.types import Sentence


class Bin(msgspec.Struct, frozen=True):
    """Confidences in ``(low, high]`` (the first bin includes 0): how many, their mean, and how many are right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


class Reliability(msgspec.Struct, frozen=True):
    """``ece`` is the mean gap between confidence and accuracy, weighted by the bins' counts (Guo et al. 2017)."""

    ece: float
    count: int
    bins: tuple[Bin, ...]

    def to_rows(self) -> list[dict[str, Any]]:
        """One row per bin that holds anything."""
        return [msgspec.structs.asdict(bin) for bin in self.bins]


def reliability(confidence: NDArray[np.float64], correct: NDArray[np.bool_], n_bins: int = 10) -> Reliability:
    """Reliability in bins of equal width; empty ones are left out.

    Args:
        confidence: shape (predictions,), in [0, 1].
        correct: shape (predictions,).
        n_bins: bins over [0, 1].

    Raises:
        UsageError: a confidence lies outside [0, 1], or the lengths differ.
    """
    if confidence.shape != correct.shape:
        raise UsageError(f"{len(confidence)} confidences but {len(correct)} outcomes")
    if len(confidence) and not (confidence.min() >= 0 and confidence.max() <= 1):
        raise UsageError("confidences must lie in [0, 1]")
    at = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    bins = []
    for i in np.unique(at):
        inside = at == i
        mean, accuracy = float(confidence[inside].mean()), float(correct[inside].mean())
        bins.append(Bin(float(i) / n_bins, (float(i) + 1) / n_bins, int(inside.sum()), mean, accuracy))
    ece = sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / max(len(confidence), 1)
    return Reliability(ece, len(confidence), tuple(bins))


def calibration(
    gold: Iterable[Sentence], predicted: Iterable[Sentence], ignore: Iterable[str] = (), n_bins: int = 10
) -> Reliability:
    """Reliability of the scores on predicted spans; spans without a score are not counted.

    Raises:
        LengthMismatchError, RecordError: as `spanport.evaluate.count_entities`.
    """
    ignored = frozenset(ignore)
    scores: list[float] = []
    outcomes: list[bool] = []
    for n, wanted, found in sentence_pairs(gold, predicted):
        spans = [span for span in found.spans if span.score is not None and span.label not in ignored]
        right, entities = common_entities(wanted, msgspec.structs.replace(found, spans=tuple(spans)), n)
        scores += [span.score for span in spans if span.score is not None]
        outcomes += [entity in right for entity in entities]
    return reliability(np.array(scores, dtype=np.float64), np.array(outcomes, dtype=np.bool_), n_bins)
