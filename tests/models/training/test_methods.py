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
from spanport_models.training.methods.base import make_method, method_names
from spanport_models.training.mixture import neighbour_shares, regulariser
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
    assert {"direct", "projected", "teacher", "multi", "self"} <= set(method_names())


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
