"""How the input of a product is prepared for rounding: its channels, and whether its rows share one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

_OUTLYING = 4.0
"""A channel is outlying if its largest magnitude is so many times that of the median channel."""
_MOST = 4
"""Most channels of a product's input that stay in floating point."""
_STRENGTH = 0.6
"""Which share of a channel's size smoothing moves into its weights."""
_HIGHEST = 12.0
"""Rows share a step if the largest magnitude of all is at most so many times the median row's root mean square."""
_ROOM = 1.2
"""A shared step reaches so many times as far as calibration went; what lies beyond is cut off."""


@dataclass(frozen=True, slots=True)
class Channels:
    """What is done to a product's input.

    Attributes:
        factors: float32 (K,). What weights are multiplied by and activations divided by; 0 of channels apart.
        apart: int64 (k,). Channels that stay in floating point.
        step: Of all rows; None where each has its own.
        middle: Where, from 0 to 255, a value of 0 lies by that step.
    """

    factors: Floats
    apart: NDArray[np.int64]
    step: float | None = None
    middle: int = 128

    @property
    def inverse(self) -> Floats | None:
        """float32 (K,): what activations are multiplied by; None where they stay as they are."""
        if (self.factors == 1).all():
            return None
        return np.divide(np.float32(1), self.factors, out=np.zeros_like(self.factors), where=self.factors > 0)


def prepare(sample: Floats | None, matrices: Sequence[Floats], *, bounded: bool) -> Channels:
    """Choose what is done to the input of some products.

    Args:
        sample: float32 (rows, K). The input on a few sentences; None where it is not known.
        matrices: float32 (K, N) each.
        bounded: Whether the input comes from an activation function that has a least value. Steps then begin there,
            and rows differ too much to share one.
    """
    size = len(matrices[0])
    ones, none = np.ones(size, np.float32), np.zeros(0, np.int64)
    if sample is None:
        return Channels(ones, none)
    maximum = np.abs(sample).max(axis=0)
    outlying = int((maximum > _OUTLYING * np.median(maximum)).sum())
    smooth = _smoothing(maximum, matrices) if outlying else ones
    shared = None if bounded else _shared_step(sample / smooth)
    if shared is not None:
        return Channels(smooth, none, *shared)
    if not bounded and any(2 * matrix.shape[1] > size for matrix in matrices):
        return Channels(smooth, none)
    apart = np.sort(np.argsort(-maximum, kind="stable")[: min(outlying, _MOST)])
    ones[apart] = 0
    return Channels(ones, apart)


def _shared_step(values: Floats) -> tuple[float, int] | None:
    """A step for all rows, and where 0 lies by it; None where too few steps would be left for the median row."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if max(-low, high) > _HIGHEST * float(np.median(np.sqrt((values**2).mean(axis=1)))):
        return None
    step = max((high - low) * _ROOM / 255, 1e-12)
    return step, round(127.5 - (low + high) / 2 / step)


def _smoothing(maximum: Floats, matrices: Sequence[Floats]) -> Floats:
    """Factors (K,) that make channels and the weights that they meet alike in size; their geometric mean is 1."""
    weights = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
    ratios = _positive(maximum) ** _STRENGTH / _positive(weights) ** (1 - _STRENGTH)
    factors: Floats = (ratios / np.exp(np.log(ratios).mean())).astype(np.float32)
    return factors


def _positive(magnitudes: Floats) -> Floats:
    """Magnitudes that none is far below the others, so that a channel that calibration hardly met is not blown up."""
    least = max(float(magnitudes.max(initial=0)) * 1e-3, 1e-9)
    positive: Floats = np.maximum(magnitudes, np.float32(least))
    return positive
