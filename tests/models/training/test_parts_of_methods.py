"""What methods are made of: mixtures, neighbours, votes, trust, an adversary, contrasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import toy
from naive import training as naive
from spanport_models.training.examples import hard, taught, unlabelled
from spanport_models.training.methods.advpicker import Adversary, most_neutral
from spanport_models.training.methods.concner import ConcnerOptions, Contrasting
from spanport_models.training.methods.unitrans import agreement
from spanport_models.training.mixture import neighbour_shares, regulariser
from spanport_models.training.neighbours import trust
from spanport_models.training.network import Network
from spanport_models.training.objectives import Beside
from spanport_models.training.run import mean_probabilities
from toy import some

pytestmark = pytest.mark.slow


def test_the_mixture_of_probabilities() -> None:
    draw = np.random.default_rng(1)
    views = [[draw.dirichlet(np.ones(5), n).astype(np.float32) for n in (3, 4)] for _ in range(3)]
    shares = np.array([0.2, 0.3, 0.5], np.float32)
    for i, found in enumerate(mean_probabilities(views, shares)):
        np.testing.assert_allclose(found, naive.mixture([view[i] for view in views], shares), rtol=1e-6)
    own = np.stack([shares, shares[::-1]], axis=1)
    np.testing.assert_allclose(
        mean_probabilities(views, own)[1], naive.mixture([view[1] for view in views], shares[::-1]), rtol=1e-6
    )


def test_neighbours_are_counted_by_domain() -> None:
    draw = np.random.default_rng(2)
    shift = np.array([1, 0, 0, 0])
    near, far = draw.normal(shift, 0.1, (20, 4)), draw.normal(-shift, 0.1, (20, 4))
    source = np.concatenate([near, far]).astype(np.float32)
    target = draw.normal(shift, 0.1, (5, 4)).astype(np.float32)
    shares = neighbour_shares(target, source, np.repeat([0, 1], 20), 3)
    assert shares.tolist() == [1, 0, 0]


def test_the_regulariser_holds_domains_or_columns_apart() -> None:
    e = np.random.default_rng(3).normal(size=(3, 4))
    rows = np.sum((e @ e.T - np.eye(3)) ** 2)
    columns = np.sum((e.T @ e - np.eye(4)) ** 2)
    assert float(regulariser(torch.from_numpy(e), rows=True)) == pytest.approx(rows)
    assert float(regulariser(torch.from_numpy(e), rows=False)) == pytest.approx(columns)


def test_the_most_neutral_sentences_are_kept_in_their_order() -> None:
    assert most_neutral(np.array([0.9, 0.5, 0.9, 0.7, 0.6], np.float32), 0.8) == [0, 2, 3, 4]
    assert most_neutral(np.array([0.1, 0.2], np.float32), 0.4) == [1]
    assert most_neutral(np.full(5, 0.5, np.float32), 0.6) == [0, 1, 2]


def test_agreement_counts_where_all_views_name_the_first_ones_label() -> None:
    example = unlabelled(["a", "b", "c"], 3)
    first = np.array([[0.6, 0.4, 0], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3]], np.float32)
    second = np.array([[0.9, 0.1, 0], [0.1, 0.7, 0.2], [0.2, 0.5, 0.3]], np.float32)
    (found,) = agreement([example], [[first], [second], [first]])
    assert found.targets.argmax(1).tolist() == [0, 2, 1]
    assert found.weights.tolist() == [1, 0, 1]


@pytest.mark.parametrize("seed", range(4))
def test_trust_is_that_of_the_neighbours(seed: int) -> None:
    draw = np.random.default_rng(seed)
    vectors, labels = draw.normal(0, 1, (40, 3)).astype(np.float32), draw.integers(0, 3, 40)
    for count in (1, 5, 200):
        wanted = naive.trust(vectors, labels, min(count, 39))
        np.testing.assert_allclose(trust(vectors, labels, neighbours=count), wanted, rtol=1e-5)
    assert trust(vectors[:1], labels[:1]).tolist() == [1]


def test_the_discriminator_learns_and_the_encoder_hides(base: Path, tmp_path: Path) -> None:
    network = Network(base, toy.LABELS, tmp_path)
    network.freeze(-1)
    network.model.eval()
    adversary = Adversary(32, Beside(some(20, other=True), 200, 1), weight=1.0, seed=1)
    batch = network.stream(some(20), 200, 1).batch(0)

    def gradients(weight: float) -> tuple[torch.Tensor, torch.Tensor]:
        adversary.weight = weight
        for module in (network.model, adversary.discriminator):
            module.zero_grad()
        adversary(network, batch, 0)[0].backward()
        inner = network.model.bert.encoder.layer[0].output.dense.weight.grad.clone()
        return inner, adversary.discriminator[0].weight.grad.clone()

    (plain, told), (hiding, told_again) = gradients(0.0), gradients(5.0)
    assert torch.equal(told, told_again)  # the encoder's loss never reaches the discriminator
    assert told.abs().max() > 0
    assert not torch.allclose(plain, hiding)


def test_contrasts_do_not_see_padding(base: Path, tmp_path: Path) -> None:
    network = Network(base, toy.LABELS, tmp_path)
    network.model.eval()
    origins, targets = some(6), some(6, other=True)
    loss = Contrasting(ConcnerOptions(), Beside(origins, 1000, 1), Beside(targets, 1000, 1))
    batch = network.stream(origins, 1000, 1).batch(0)
    _, figures = loss(network, batch, 0)
    long = hard(["Ana"] * 30, [0] * 30, 5)
    silent = taught(long, long.targets, np.zeros(30, np.float32))
    theirs = loss.targets.of(network).batch(0)
    padded = [network.stream([*one, silent], 1000, 1) for one in (origins, targets)]
    numbers = np.append(theirs.numbers, 6)
    seen = []
    for stream in padded:
        wide = stream.collate(numbers)
        out = network(wide)
        rows = np.flatnonzero(wide.row < 6)
        kept = wide._replace(first=wide.first[rows], targets=wide.targets[rows], weights=wide.weights[rows])
        seen.append((out._replace(logits=out.logits[rows], states=out.states[:6]), kept))
    assert float(loss._labels(seen).detach()) == pytest.approx(figures["label"], rel=1e-4)
    assert float(loss._translations(seen).detach()) == pytest.approx(figures["translation"], rel=1e-4)
