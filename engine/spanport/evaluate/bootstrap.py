"""How sure a figure is: bootstrap intervals over sentences, and a paired test between two systems.

Sentences with equal counts are interchangeable, so one draws how often each distinct row of counts occurs
(a multinomial) instead of every sentence: the same distribution at a hundredth of the cost.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from spanport.errors import LengthMismatchError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Metric = Callable[[Floats], Floats]
"""From summed counts, shape (samples, columns), to a figure each."""


class Interval(msgspec.Struct, frozen=True):
    """A figure and the bounds of its confidence interval."""

    value: float
    low: float
    high: float


class Difference(msgspec.Struct, frozen=True):
    """The first system's figure less the second's, its interval, and the two-sided probability of a difference
    at least as large if the systems were alike."""

    value: float
    low: float
    high: float
    p_value: float


def f1_of(sums: Floats) -> Floats:
    """F1 of summed counts: shape (samples, 3), correct, predicted and gold."""
    below = sums[:, 1] + sums[:, 2]
    return np.divide(2 * sums[:, 0], below, out=np.zeros(len(sums)), where=below > 0)


def interval(
    counts: Counts, metric: Metric = f1_of, *, samples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap over sentences (Efron and Tibshirani 1993, chapter 13).

    Args:
        counts: one row per sentence, shape (sentences, columns), int64; for F1 see
            `spanport.evaluate.EntityCounts.micro_rows`.
        metric: what is computed from the summed rows.
        samples: resamplings.
        level: coverage of the interval.
        seed: the same seed gives the same interval.
    """
    value = float(metric(counts.sum(axis=0, keepdims=True).astype(np.float64))[0])
    if not len(counts):
        return Interval(value, value, value)
    low, high = np.quantile(metric(_resampled(counts, samples, seed)), _tails(level))
    return Interval(value, float(low), float(high))


def difference(
    first: Counts, second: Counts, metric: Metric = f1_of, *, samples: int = 1000, level: float = 0.95, seed: int = 0
) -> Difference:
    """Compare two systems on the same sentences.

    The interval is a paired bootstrap; the p-value is approximate randomisation, which exchanges the systems'
    outputs sentence by sentence (Yeh 2000) and never reports 0.

    Args:
        first, second: counts of the two systems, row by row of the same sentence.

    Raises:
        LengthMismatchError: the systems have different numbers of sentences.
    """
    if first.shape != second.shape:
        raise LengthMismatchError(f"{len(first)} and {len(second)} sentences; a paired test needs the same ones")
    width = first.shape[1]
    value = _gap(np.hstack([first, second]).sum(axis=0, keepdims=True).astype(np.float64), width, metric)[0]
    if not len(first):
        return Difference(float(value), 0.0, 0.0, 1.0)
    both = np.hstack([first, second])
    low, high = np.quantile(_gap(_resampled(both, samples, seed), width, metric), _tails(level))
    swapped = np.abs(_gap(_exchanged(both, width, samples, seed), width, metric))
    extreme = int((swapped >= abs(value) - 1e-12).sum())
    return Difference(float(value), float(low), float(high), (extreme + 1) / (samples + 1))


def _resampled(counts: Counts, samples: int, seed: int) -> Floats:
    rows, frequency = np.unique(counts, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(counts), frequency / len(counts), size=samples)
    return np.asarray(drawn @ rows, dtype=np.float64)


def _exchanged(both: Counts, width: int, samples: int, seed: int) -> Floats:
    rows, frequency = np.unique(both, axis=0, return_counts=True)
    swaps = np.random.default_rng(seed).binomial(frequency, 0.5, size=(samples, len(rows)))
    turned = np.hstack([rows[:, width:], rows[:, :width]])
    return np.asarray((frequency - swaps) @ rows + swaps @ turned, dtype=np.float64)


def _gap(sums: Floats, width: int, metric: Metric) -> Floats:
    return metric(sums[:, :width]) - metric(sums[:, width:])


def _tails(level: float) -> list[float]:
    return [(1 - level) / 2, (1 + level) / 2]
