"""Every loss against its NumPy twin."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from naive import training as naive
from spanport_models.training import losses

pytestmark = pytest.mark.slow
DRAWS = range(8)


def words(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    n, labels = int(draw.integers(1, 9)), 5
    targets = draw.dirichlet(np.ones(labels), n)
    weights = draw.uniform(0, 1, n) * (draw.uniform(0, 1, n) > 0.3)
    known = draw.uniform(0, 1, (n, labels)) > 0.3
    known[:, 0] = True
    return draw.normal(0, 3, (n, labels)), targets, weights, known


def torches(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


@pytest.mark.parametrize("seed", DRAWS)
def test_cross_entropy(seed: int) -> None:
    logits, targets, weights, known = words(seed)
    targets = targets * known
    found = losses.soft_cross_entropy(*torches(logits, targets, weights, known))
    assert float(found) == pytest.approx(naive.soft_cross_entropy(logits, targets, weights, known), rel=1e-5)


def test_labels_that_a_set_does_not_have_get_no_gradient() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    known = torch.tensor([[True, True, False], [True, True, True]])
    losses.soft_cross_entropy(logits, torch.eye(3)[[0, 0]], torch.ones(2), known).backward()
    assert logits.grad is not None
    assert logits.grad[0, 2] == 0
    assert logits.grad[1, 2] > 0


@pytest.mark.parametrize("seed", DRAWS)
def test_squared_error(seed: int) -> None:
    logits, targets, weights, _ = words(seed)
    found = losses.squared_error(*torches(logits, targets, weights))
    assert float(found) == pytest.approx(naive.squared_error(logits, targets, weights), rel=1e-5)


@pytest.mark.parametrize("seed", DRAWS)
def test_contrast(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(2, 9))
    vectors, kinds = draw.normal(0, 1, (n, 4)), draw.integers(0, 3, n)
    positive = kinds[:, None] == kinds[None, :]
    found = losses.contrast(*torches(vectors, positive), temperature=0.9)
    assert float(found) == pytest.approx(naive.contrast(vectors, positive, 0.9), rel=1e-5)


def test_contrast_without_positives_is_nothing() -> None:
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = losses.contrast(vectors, torch.eye(3, dtype=torch.bool), 0.9)
    loss.backward()
    assert float(loss.detach()) == 0
    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_binary(answer: float) -> None:
    draw = np.random.default_rng(3)
    logits, mask = draw.normal(0, 2, (3, 4)), draw.uniform(0, 1, (3, 4)) > 0.4
    found = losses.binary(torch.from_numpy(logits), answer, torch.from_numpy(mask))
    assert float(found) == pytest.approx(naive.binary(logits, answer, mask), rel=1e-5)


def test_nothing_that_counts_is_no_loss() -> None:
    nothing = torch.zeros(2)
    assert float(losses.soft_cross_entropy(torch.zeros(2, 3), torch.eye(3)[:2], nothing)) == 0
    assert float(losses.squared_error(torch.zeros(2, 3), torch.eye(3)[:2], nothing)) == 0
