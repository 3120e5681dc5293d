"""The methods: identities between them, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import toy
from spanport_models.errors import ModelError
from spanport_models.training.curve import Point, SourcesCurve
from spanport_models.training.examples import Example, taught, unlabelled
from spanport_models.training.methods.base import make_method, method_names
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, TrainOptions
from spanport_models.training.run import Plan, Run
from toy import some

pytestmark = pytest.mark.slow


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


def test_what_a_teacher_says_is_asked_once_for_all_numbers_of_sources(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, asked = material(sources=2), []
    run = Run(base, toy.LABELS, TrainOptions(freeze=-1, batch_tokens=100), Plan(0.5, 1e-3, False), 3, tmp_path, print)
    predict = Network.predict
    monkeypatch.setattr(Network, "predict", lambda *args, **how: asked.append(1) or predict(*args, **how))
    curve = SourcesCurve()
    points: tuple[Point, ...] = ((1, "uniform"), (2, "uniform"), (2, "nn-rank"))
    for point in points:
        curve.network(given, point, run)
    assert len(asked) == 2


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
    same_lessons = replace(given, relabel=lambda views: list(given.projected))
    run = Run(
        base, toy.LABELS, TrainOptions(freeze=-1, batch_tokens=100), Plan(2, 1e-3, False), 3, tmp_path / "on", print
    )
    first = run.fit("first", [*given.labelled, *given.projected], Tagging())
    on = run.fit("second", [*given.labelled, *given.projected], Tagging(), start=first).trained()
    assert same(on, weights(base, tmp_path / "go-on", "self", same_lessons, rounds=2))
    bare = replace(given, relabel=None)
    assert same(one, weights(base, tmp_path / "bare", "self", bare, rounds=2))
    assert same(one, weights(base, tmp_path / "other", "projected", bare))


def test_a_fit_that_is_done_is_not_done_again(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = weights(base, tmp_path, "teacher", material())
    monkeypatch.setattr("spanport_models.training.run.Training", None)
    assert same(wanted, weights(base, tmp_path, "teacher", material()))


def test_weights_that_do_not_fit_are_refused(base: Path, tmp_path: Path) -> None:
    for wrong in ([1, 2, 3], [0, 0], [-1, 2]):
        method = make_method("multi", {"weights": wrong})
        with pytest.raises(ModelError, match=r"for 2 labelled files; expected a number from 0 for each"):
            method.fits(material(sources=2))  # before the first teacher is trained
    with pytest.raises(ModelError, match=r"weights \[1\.0, 2\.0\] for 1 labelled file; expected"):
        weights(base, tmp_path, "multi", material(), weights=[1, 2])


def test_names_and_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ModelError, match=r"'techer' \(did you mean 'teacher'\?\); expected one of: .*direct"):
        make_method("techer")
    with pytest.raises(ModelError, match=r"no option 'weight' \(did you mean 'weights'\?\)"):
        make_method("multi", {"weight": 1})
    with pytest.raises(ModelError, match="it has none"):
        make_method("direct", {"x": 1})
    with pytest.raises(ModelError, match=r"'uniformly' - at `\$\.weights`; expected learned or nn-rank or uniform"):
        make_method("multi", {"weights": "uniformly"})
    assert set(method_names()) == {
        *("direct", "projected", "teacher", "multi", "unitrans", "advpicker", "concner", "colada", "self")
    }
