"""Word alignments against a gold standard of sure and possible links (Och and Ney 2003)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from spanport.errors import LengthMismatchError
from spanport.types import Alignment


class AlignmentScores(msgspec.Struct, frozen=True):
    """With A the predicted links, S the sure and P the possible gold links (P contains S):

    precision ``|A & P| / |A|``, recall ``|A & S| / |S|``, their harmonic mean F1, and the alignment error rate
    ``1 - (|A & S| + |A & P|) / (|A| + |S|)``. An empty denominator gives 0 (an error rate of 0 when there is
    nothing to find and nothing is found).
    """

    predicted: int
    sure: int
    precision: float
    recall: float
    f1: float
    aer: float

    def to_row(self) -> dict[str, Any]:
        """The figures by name."""
        return msgspec.structs.asdict(self)


class AlignmentCounts(msgspec.Struct, frozen=True, eq=False):
    """``table`` has shape (pairs, 4), int64: ``|A|``, ``|S|``, ``|A & S|``, ``|A & P|`` of each sentence pair."""

    table: NDArray[np.int64]

    def scores(self) -> AlignmentScores:
        """The figures of all pairs together."""
        predicted, sure, hit_sure, hit_possible = map(int, self.table.sum(axis=0))
        precision = hit_possible / predicted if predicted else 0.0
        recall = hit_sure / sure if sure else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        aer = 1 - (hit_sure + hit_possible) / (predicted + sure) if predicted + sure else 0.0
        return AlignmentScores(predicted, sure, precision, recall, f1, aer)


def count_links(gold: Iterable[tuple[Alignment, Alignment]], predicted: Iterable[Alignment]) -> AlignmentCounts:
    """Count the links of every pair.

    Args:
        gold: the sure links and the possible ones of each pair; sure links count as possible.
        predicted: the links of each pair, in the same order.

    Raises:
        LengthMismatchError: there are more pairs on one side.
    """
    rows = []
    for n, (wanted, found) in enumerate(zip_longest(gold, predicted)):
        if wanted is None or found is None:
            side = "gold" if wanted is None else "predicted"
            raise LengthMismatchError(
                f"the {side} alignments end after {n} pairs; both sides must have the same pairs"
            )
        sure, links = set(wanted[0].links), set(found.links)
        possible = sure | set(wanted[1].links)
        rows.append((len(links), len(sure), len(links & sure), len(links & possible)))
    return AlignmentCounts(np.array(rows, dtype=np.int64).reshape(-1, 4))
