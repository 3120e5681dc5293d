"""The probability that a candidate is right: a logistic regression over its evidence, fitted on labelled text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from spanport.errors import UsageError

Float64 = npt.NDArray[np.float64]


class Logistic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights by name of the evidence, and the threshold that gives the best F1 where it was fitted."""

    intercept: float
    weights: dict[str, float]
    tau: float

    def probability(self, names: Sequence[str], matrix: Float64) -> Float64:
        """Probability of each row being right, float64 (C,); names are those of the matrix's columns."""
        weights = np.array([self.weights[name] for name in names])
        return _sigmoid(self.intercept + matrix @ weights)


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two regressions: on links alone, and on links and the classifier's view of the target.

    ``fitted`` says on what.
    """

    fitted: str
    links: Logistic
    view: Logistic


@cache
def load_calibration(path: str = "") -> Calibration:
    """The calibration in a JSON file, or the one that comes with the package.

    Raises UsageError when the file is missing or no calibration.
    """
    try:
        data = (
            Path(path).read_bytes() if path else files("spanport.systems").joinpath("calibration.json").read_bytes()
        )
        return msgspec.json.decode(data, type=Calibration)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"calibration {path!r}: {error}; write one with benchmarks/calibrated.py fit") from error


def fit_logistic(names: Sequence[str], matrix: Float64, right: npt.NDArray[Any], *, ridge: float = 1.0) -> Logistic:
    """Fit by iteratively reweighted least squares; the weights of standardised columns are shrunk by ``ridge``.

    matrix: float64 (C, features); right: (C,), 1 where the candidate is a gold span with the entity's label.
    ``tau`` is left at 0.5.
    """
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale < 1e-9] = 1.0
    columns = np.column_stack([np.ones(len(matrix)), (matrix - mean) / scale])
    penalty = ridge * np.eye(columns.shape[1])
    penalty[0, 0] = 0.0
    beta = np.zeros(columns.shape[1])
    for _ in range(50):
        p = _sigmoid(columns @ beta)
        gradient = columns.T @ (p - right) + penalty @ beta
        curvature = (columns * (p * (1 - p))[:, None]).T @ columns + penalty
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = beta[1:] / scale
    intercept = float(beta[0] - weights @ mean)
    return Logistic(intercept, dict(zip(names, weights.tolist(), strict=True)), 0.5)


def _sigmoid(x: Float64) -> Float64:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))
