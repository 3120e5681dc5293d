from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from spanport.errors import LengthMismatchError
from spanport.evaluate import difference, interval


def corpus(sentences: int, accuracy: float, seed: int) -> NDArray[np.int64]:
    """Counts of a made-up system: up to three entities a sentence, each found with the given probability."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 4, sentences)
    correct = rng.binomial(gold, accuracy)
    return np.stack([correct, correct + rng.integers(0, 2, sentences), gold], axis=1).astype(np.int64)


def naive_interval(counts: NDArray[np.int64], samples: int) -> tuple[float, float]:
    rng = np.random.default_rng(7)
    values = []
    for _ in range(samples):
        correct, predicted, gold = counts[rng.integers(0, len(counts), len(counts))].sum(axis=0)
        values.append(2 * correct / (predicted + gold))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def test_interval_is_the_naive_bootstrap() -> None:
    counts = corpus(400, 0.8, 1)
    found = interval(counts, samples=4000)
    low, high = naive_interval(counts, 4000)
    correct, predicted, gold = counts.sum(axis=0)
    assert found.value == pytest.approx(2 * correct / (predicted + gold))
    assert found.low == pytest.approx(low, abs=0.004)
    assert found.high == pytest.approx(high, abs=0.004)


def test_the_seed_decides() -> None:
    counts = corpus(50, 0.7, 2)
    assert interval(counts, seed=1) == interval(counts, seed=1)
    assert interval(counts, seed=1) != interval(counts, seed=2)


def test_more_sentences_narrow_the_interval() -> None:
    few, many = (interval(corpus(n, 0.8, 3)) for n in (50, 5000))
    assert many.high - many.low < (few.high - few.low) / 5


def test_coverage_of_the_truth() -> None:
    truth = interval(corpus(100_000, 0.8, 4), samples=1).value
    runs = [interval(corpus(200, 0.8, 100 + i), samples=400) for i in range(200)]
    inside = sum(run.low <= truth <= run.high for run in runs)
    assert 180 <= inside <= 199


def test_a_clear_difference_and_none() -> None:
    good, bad = corpus(500, 0.9, 5), corpus(500, 0.5, 5)
    clear = difference(good, bad)
    assert clear.value > 0.1
    assert clear.low > 0
    assert clear.p_value < 0.01
    same = difference(good, good)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert difference(bad, good).value == pytest.approx(-clear.value)


def test_p_values_of_equal_systems_are_uniform() -> None:
    p_values = [
        difference(corpus(150, 0.7, 2 * i), corpus(150, 0.7, 2 * i + 1), samples=200).p_value for i in range(150)
    ]
    low = np.mean(np.array(p_values) < 0.1)
    assert 0.03 < low < 0.19
    assert 0.4 < np.mean(p_values) < 0.6


def test_another_metric() -> None:
    counts = corpus(100, 0.8, 6)
    recall = interval(counts, lambda sums: sums[:, 0] / sums[:, 2])
    assert recall.value == pytest.approx(counts[:, 0].sum() / counts[:, 2].sum())
    assert recall.low < recall.value < recall.high


def test_no_sentences_and_other_lengths() -> None:
    none = np.zeros((0, 3), dtype=np.int64)
    assert interval(none).value == 0.0
    assert difference(none, none).p_value == 1.0
    with pytest.raises(LengthMismatchError, match="10 and 9 sentences"):
        difference(corpus(10, 0.5, 0), corpus(9, 0.5, 0))
