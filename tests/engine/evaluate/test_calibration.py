from __future__ import annotations

import numpy as np
import pytest

from spanport.errors import UsageError
from spanport.evaluate import Bin, calibration, reliability
from spanport.types import Sentence, Span


def test_hand_worked() -> None:
    found = reliability(np.array([0.95, 0.85, 0.15, 1.0]), np.array([True, False, False, True]))
    assert found.bins == (
        Bin(0.1, 0.2, 1, 0.15, 0.0),
        Bin(0.8, 0.9, 1, 0.85, 0.0),
        Bin(0.9, 1.0, 2, 0.975, 1.0),
    )
    assert found.ece == pytest.approx((0.15 + 0.85 + 2 * 0.025) / 4)
    assert [row["count"] for row in found.to_rows()] == [1, 1, 2]


def test_calibrated_confidences_have_no_error() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(100_000)
    correct = rng.random(100_000) < confidence
    assert reliability(confidence, correct).ece < 0.01
    assert reliability(confidence, ~correct).ece > 0.4


def test_bounds_belong_to_the_bin_below() -> None:
    found = reliability(np.array([0.0, 0.5, 1.0]), np.array([True, True, True]), n_bins=2)
    assert [(b.low, b.count) for b in found.bins] == [(0.0, 2), (0.5, 1)]


def test_of_sentences() -> None:
    text = "Ana Lugo Eva"
    gold = Sentence(text, spans=(Span(0, 3, "PER"), Span(4, 8, "LOC")))
    predicted = Sentence(text, spans=(Span(0, 3, "PER", 0.9), Span(4, 8, "PER", 0.3), Span(9, 12, "PER")))
    found = calibration([gold], [predicted])
    assert found.count == 2
    assert found.ece == pytest.approx((0.1 + 0.3) / 2)
    assert calibration([gold], [predicted], ignore=["PER"]).count == 0


def test_nothing() -> None:
    assert reliability(np.zeros(0), np.zeros(0, dtype=np.bool_)).ece == 0.0


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        reliability(np.array([1.5]), np.array([True]))
    with pytest.raises(UsageError, match="1 confidences but 2"):
        reliability(np.array([0.5]), np.array([True, False]))
