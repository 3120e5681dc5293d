"""The probability that a candidate is right: a logistic regression over its evidence, fitted on labelled text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from spanport.errors import UsageError
from spanport.models import Models
from spanport.systems.calibrated.columns import Float64
from spanport.systems.calibrated.names import LABELS, SHAPE_BY_LABEL

CONVENTION_RIDGE = 3.0
"""How much more a language's own weights are shrunk than the common ones."""


class Logistic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights by name of the evidence, and the threshold that gives the best F1 where it was fitted."""

    intercept: float
    weights: dict[str, float]
    tau: float
    conventions: dict[str, dict[str, float]] = {}
    """By NLLB code of the target language what is added to some weights there."""

    def probability(self, names: Sequence[str], matrix: Float64, languages: Sequence[str] = ()) -> Float64:
        """Probability of each row being right, float64 (C,).

        names are those of the matrix's columns, languages the target's of each row, or none.
        """
        log_odds = self.intercept + _each(matrix, [self.weights[name] for name in names])
        spoken = np.array(languages, dtype=str)
        for language, further in self.conventions.items() if len(spoken) else ():
            here = spoken == language
            log_odds[here] += _each(matrix[here], [further.get(name, 0.0) for name in names])
        return _sigmoid(log_odds)


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Regressions on links alone, and on links and the classifier's view of the target.

    ``translated`` is the latter where the source is the bundle's own translation of the target, not one that was
    given: links and source labels are worth less there. ``fitted`` says on what all were fitted.
    """

    fitted: str
    links: Logistic
    view: Logistic
    translated: Logistic | None = None


@cache
def load_calibration(path: str = "", bundled: bytes | None = None) -> Calibration:
    """The calibration in a JSON file; without one that of the bundle, and without that the one of `mini`.

    Raises UsageError when the file is missing or no calibration.
    """
    try:
        data = Path(path).read_bytes() if path else bundled or Models("mini").calibration() or b""
        return msgspec.json.decode(data, type=Calibration)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"calibration {path!r}: {error}; make one with `spanport calibrate`") from error


def fit_logistic(
    names: Sequence[str],
    matrix: Float64,
    right: npt.NDArray[Any],
    languages: Sequence[str] = (),
    *,
    ridge: float = 1.0,
) -> Logistic:
    """Fit by iteratively reweighted least squares; the weights of standardised columns are shrunk by ``ridge``.

    matrix: float64 (C, features); right: (C,), 1 where the candidate is a gold span with the entity's label;
    languages: the target's of each candidate, or none. With languages, the weights of `SHAPE_BY_LABEL` get
    ``conventions``, without what they have in common over the shapes of a label: how often a label is right in a data
    set says more of what that is about than of its language. ``tau`` is left at 0.5.
    """
    spoken = np.array(languages, dtype=str)
    known = np.unique(spoken).tolist()
    at = [names.index(name) for name in SHAPE_BY_LABEL] if known else []
    shapes = [matrix[:, at] * (spoken == language)[:, None] for language in known]
    columns = np.concatenate([matrix, *shapes], axis=1)
    penalty = np.repeat([ridge, CONVENTION_RIDGE * ridge], [matrix.shape[1], len(known) * len(at)])
    intercept, weights = _newton(columns, right, penalty)
    own, further = np.split(weights, [matrix.shape[1]])
    conventions: dict[str, dict[str, float]] = {}
    if known:
        size = (len(known), len(LABELS), -1)
        p = _sigmoid(intercept + columns @ weights)
        counts = np.array([(p * (1 - p)) @ shape for shape in shapes]).reshape(size)
        common, tables = _centred(further.reshape(size), counts)
        own[at] += common.ravel()
        rows = tables.reshape(len(known), -1).tolist()
        conventions = {one: dict(zip(SHAPE_BY_LABEL, row, strict=True)) for one, row in zip(known, rows, strict=True)}
    return Logistic(intercept, dict(zip(names, own.tolist(), strict=True)), 0.5, conventions)


def _centred(weights: Float64, counts: Float64) -> tuple[Float64, Float64]:
    """What the languages' weights share by label, (labels, shapes), and their differences from each label's mean.

    weights, counts: float64 (languages, labels, shapes).
    """
    means = (weights * counts).sum(axis=2, keepdims=True) / np.maximum(counts.sum(axis=2, keepdims=True), 1e-9)
    common = (weights * counts).sum(axis=(0, 2)) / np.maximum(counts.sum(axis=(0, 2)), 1e-9)
    return np.repeat(common[:, None], weights.shape[2], axis=1), weights - means


def _newton(columns: Float64, right: npt.NDArray[Any], penalty: Float64) -> tuple[float, Float64]:
    """Intercept and weights; ``penalty`` is that of each standardised column."""
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale[scale < 1e-9] = 1.0
    design = np.column_stack([np.ones(len(columns)), (columns - mean) / scale])
    shrink = np.diag(np.concatenate([[0.0], penalty]))
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = _sigmoid(design @ beta)
        gradient = design.T @ (p - right) + shrink @ beta
        if np.abs(gradient).max() < 1e-9:  # the intercept has no end where all candidates are right, or none is
            break
        curvature = (design * (p * (1 - p))[:, None]).T @ design + shrink
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = beta[1:] / scale
    return float(beta[0] - weights @ mean), weights


def _each(matrix: Float64, weights: Sequence[float]) -> Float64:
    """The weighted sum of each row; a matrix product would round it by where in the batch the row stands."""
    return np.asarray((matrix * np.array(weights)).sum(axis=1))


def _sigmoid(x: Float64) -> Float64:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))
