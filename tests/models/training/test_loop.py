"""The loop: its schedule, and that a stop at any moment changes nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import toy
from spanport_models.training.examples import Batch, Example, hard
from spanport_models.training.loop import HEAD, Recipe, Training
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging

pytestmark = pytest.mark.slow
STEPS = 30


class Stopped(Exception):
    pass


class Interrupted(Tagging):
    """Stops before a step, and lets a discriminator-like network learn beside."""

    def __init__(self, at: int) -> None:
        self.at = at
        torch.manual_seed(5)
        self.beside = torch.nn.Linear(5, 1)
        self.further = ((self.beside, 10.0),)

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        if step == self.at:
            raise Stopped
        loss, figures = super().__call__(network, batch, step)
        beside = self.beside(torch.from_numpy(batch.targets)).square().mean()
        return loss + beside, {**figures, "beside": float(beside.detach())}


def examples() -> list[Example]:
    place = {label: i for i, label in enumerate(toy.LABELS)}
    return [hard(words, [place[tag] for tag in tags], 5) for words, tags in toy.sentences(60)]


def fit(base: Path, work: Path, at: int = -1) -> tuple[dict[str, torch.Tensor], Training, Interrupted]:
    network = Network(base, toy.LABELS, work)
    network.freeze(-1)
    objective = Interrupted(at)
    recipe = Recipe(STEPS, 1e-3, seed=7, save_seconds=0.0)
    stream = network.stream(examples(), 60, 7)
    training = Training(network, stream, objective, recipe, work / "fit.checkpoint", "fit", lambda line: None)
    return training.run(), training, objective


def test_ten_stops_at_random_moments_change_nothing(base: Path, tmp_path: Path) -> None:
    wanted, undisturbed, beside = fit(base, tmp_path / "whole")
    work = tmp_path / "stopped"
    for at in sorted(random.Random(2).sample(range(1, STEPS), 10)):
        with pytest.raises(Stopped):
            fit(base, work, at)
    found, training, other = fit(base, work)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert torch.equal(other.beside.weight, beside.beside.weight)
    assert training.curve == undisturbed.curve


def test_the_loss_falls_and_the_ends_are_averaged(base: Path, tmp_path: Path) -> None:
    weights, training, _ = fit(base, tmp_path)
    assert training.curve[-1][1] < 0.7 * training.curve[0][1]
    assert training.averaged == 3
    last = training.network.trained()
    assert any(not torch.equal(weights[name], last[name]) for name in weights)
    assert all(torch.allclose(weights[name], last[name], atol=0.02) for name in weights)


def test_the_rate_rises_then_falls_to_nothing() -> None:
    recipe = Recipe(100, 1.0, 0)
    rates = [recipe.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(1 / 90)
    assert Recipe(1, 1.0, 0).rate_at(0) == 1.0
    assert recipe.snapshots == {80, 90, 100}


def test_a_new_head_learns_faster(base: Path, tmp_path: Path) -> None:
    network = Network(base, toy.LABELS, tmp_path)
    stream = network.stream(examples(), 60, 7)
    factors = []
    for new_head, rate in ((network.new_head, 1e-4), ((), 1e-4), (network.new_head, 2e-3), (network.new_head, 0.1)):
        network.new_head = new_head
        path = tmp_path / str(len(factors))
        training = Training(network, stream, Tagging(), Recipe(1, rate, 7), path, "x", lambda line: None)
        groups = training.optimizer.param_groups
        factors.append({id(weight): group["factor"] for group in groups for weight in group["params"]})
        training.run()
        assert {group["lr"] for group in groups} == {rate * factor for factor in factors[-1].values()}
    head = {id(weight) for weight in network.model.classifier.parameters()}
    assert {key for key, factor in factors[0].items() if factor != 1} == head
    assert set(factors[0].values()) == {1.0, HEAD}
    assert factors[0].keys() == factors[1].keys()
    assert [set(found.values()) for found in factors[1:]] == [{1.0}, {1.0, 2.0}, {1.0}]


def test_a_line_says_where_it_is(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanport_models.training.loop._SAY_SECONDS", 0.0)
    lines: list[Any] = []
    network = Network(base, toy.LABELS, tmp_path)
    recipe = Recipe(2, 1e-3, seed=7)
    stream = network.stream(examples(), 60, 7)
    Training(network, stream, Tagging(), recipe, tmp_path / "x.checkpoint", "student", lines.append).run()
    assert lines[0].startswith("student: step 1/2 loss ")
    assert lines[0].endswith("seconds left)")
    assert lines[-1].startswith("student: 2 steps in ")
    first, last = map(float, lines[-1].partition("mean loss ")[2].split())
    assert first > last > 0
