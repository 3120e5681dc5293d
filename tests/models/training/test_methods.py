"""The methods: identities between them, what they refuse, and the weights of several teachers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import toy
from naive import training as naive
from spanport_models.errors import ModelError
from spanport_models.training.examples import Example, hard, taught, unlabelled
from spanport_models.training.methods.advpicker import Adversary, most_neutral
from spanport_models.training.methods.base import make_method, method_names
from spanport_models.training.methods.concner import ConcnerOptions, Contrasting
from spanport_models.training.methods.unitrans import agreement
from spanport_models.training.mixture import neighbour_shares, regulariser
from spanport_models.training.neighbours import trust
from spanport_models.training.network import Network
from spanport_models.training.objectives import Beside
from spanport_models.training.options import Material, TrainOptions
from spanport_models.training.run import Plan, Run, mean_probabilities

pytestmark = pytest.mark.slow
PLACE = {label: i for i, label in enumerate(toy.LABELS)}


def some(count: int, *, other: bool = False, seed: int = 1, domain: int = 0) -> tuple[Example, ...]:
    rows = toy.sentences(count, other=other, seed=seed)
    return tuple(hard(words, [PLACE[tag] for tag in tags], 5, domain) for words, tags in rows)


def material(sources: int = 1) -> Material:
    projected = some(30, other=True, domain=sources)
    doubtful = [taught(one, one.targets, np.linspace(0.5, 1, len(one.words), dtype=np.float32)) for one in projected]
    return Material(
        labels=toy.LABELS,
        sources=tuple(some(30, seed=k + 1, domain=k) for k in range(sources)),
        source_names=tuple(f"source {k}" for k in range(sources)),
        projected=tuple(doubtful),
        origins=some(30),
        text=tuple(unlabelled(one.words, 5) for one in projected),
        relabel=lambda views: doubtful,
    )


def weights(base: Path, work: Path, method: str, given: Material, **options: Any) -> dict[str, torch.Tensor]:
    torch.set_num_threads(1)
    run = Run(
        base, toy.LABELS, TrainOptions(freeze=-1, batch_tokens=100), Plan(2, 1e-3, False), 3, work / method, print
    )
    chosen = make_method(method, options)
    network = chosen.train(given, run)
    planned = chosen.fits(given)
    assert set(run.curves) <= set(planned)
    return network.trained()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_one_teacher_is_teacher(calm: Path, tmp_path: Path) -> None:
    wanted = weights(calm, tmp_path, "teacher", material())
    assert same(wanted, weights(calm, tmp_path, "multi", material()))
    assert not same(wanted, weights(calm, tmp_path, "direct", material()))


def test_keeping_every_sentence_without_an_adversary_is_teacher(calm: Path, tmp_path: Path) -> None:
    wanted = weights(calm, tmp_path, "teacher", material())
    assert same(wanted, weights(calm, tmp_path / "all", "advpicker", material(), keep=1.0, adversarial=0.0))
    assert not same(wanted, weights(calm, tmp_path / "some", "advpicker", material(), keep=0.5, adversarial=0.0))
    assert not same(wanted, weights(calm, tmp_path / "deceived", "advpicker", material(), keep=1.0))


def test_without_a_vote_unitrans_is_the_imitation_of_its_teacher(calm: Path, tmp_path: Path) -> None:
    plain = weights(calm, tmp_path / "plain", "unitrans", material(), vote=0.0)
    assert not same(plain, weights(calm, tmp_path / "voted", "unitrans", material()))


def test_without_contrast_concner_is_teacher(calm: Path, tmp_path: Path) -> None:
    wanted = weights(calm, tmp_path, "teacher", material())
    assert same(wanted, weights(calm, tmp_path / "none", "concner", material(), translation=0.0, label=0.0))
    assert not same(wanted, weights(calm, tmp_path / "both", "concner", material()))


def test_colada_that_trusts_every_label_is_projected(base: Path, tmp_path: Path) -> None:
    wanted = weights(base, tmp_path, "projected", material())
    alone = {"mix": [1.0], "neighbours": 0, "target": False}
    assert same(wanted, weights(base, tmp_path / "same", "colada", material(), **alone))
    mixed = weights(base, tmp_path / "mixed", "colada", material(), **{**alone, "mix": [0.5]})
    near = weights(base, tmp_path / "near", "colada", material(), **{**alone, "mix": [0.5], "neighbours": 5})
    assert not same(wanted, mixed)
    assert not same(mixed, near)
    weights(base, tmp_path / "whole", "colada", material(), neighbours=5)


@pytest.mark.parametrize("how", ["uniform", "learned", "nn-rank", [1, 0]])
def test_several_teachers(how: Any, base: Path, tmp_path: Path) -> None:
    given = material(sources=2)
    found = weights(base, tmp_path, "multi", given, weights=how)
    if how == [1, 0]:
        alone = Material(toy.LABELS, given.sources[:1], ("first",), text=given.text)
        assert same(found, weights(base, tmp_path, "teacher", alone))


def test_projected_without_sources_is_trained_on_projections_alone(base: Path, tmp_path: Path) -> None:
    given = material()
    alone = Material(toy.LABELS, projected=given.projected)
    one = weights(base, tmp_path / "a", "projected", alone)
    assert same(one, weights(base, tmp_path / "b", "projected", given, sources=False))
    assert not same(one, weights(base, tmp_path / "c", "projected", given))


def test_self_takes_the_student_as_the_next_view(base: Path, tmp_path: Path) -> None:
    given = material()
    seen: list[Any] = []

    def relabel(views: Any) -> list[Example]:
        seen.extend(views)
        return [taught(one, view) for one, view in zip(given.projected, views, strict=True)]

    given = replace(given, relabel=relabel)
    one = weights(base, tmp_path / "one", "self", given, rounds=1)
    assert not seen
    two = weights(base, tmp_path / "two", "self", given, rounds=2)
    assert [view.shape for view in seen] == [(len(example.words), 5) for example in given.projected]
    assert not same(one, two)
    bare = replace(given, relabel=None)
    assert same(one, weights(base, tmp_path / "bare", "self", bare, rounds=2))
    assert same(one, weights(base, tmp_path / "other", "projected", bare))


def test_a_fit_that_is_done_is_not_done_again(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = weights(base, tmp_path, "teacher", material())
    monkeypatch.setattr("spanport_models.training.run.Training", None)
    assert same(wanted, weights(base, tmp_path, "teacher", material()))


def test_weights_that_do_not_fit_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected 2 numbers from 0"):
        weights(base, tmp_path, "multi", material(sources=2), weights=[1, 2, 3])


def test_names_and_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ModelError, match=r"'techer' \(did you mean 'teacher'\?\); expected one of: .*direct"):
        make_method("techer")
    with pytest.raises(ModelError, match=r"no option 'weight' \(did you mean 'weights'\?\)"):
        make_method("multi", {"weight": 1})
    with pytest.raises(ModelError, match="it has none"):
        make_method("direct", {"x": 1})
    with pytest.raises(ModelError, match="Invalid"):
        make_method("multi", {"weights": "uniformly"})
    assert set(method_names()) == {
        *("direct", "projected", "teacher", "multi", "unitrans", "advpicker", "concner", "colada", "self")
    }


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
