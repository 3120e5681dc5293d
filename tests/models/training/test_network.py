"""Bases: what can be trained, which weights of a head are kept, and that predictions are those of transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import tiny_models as tiny
import toy
from spanport_models.errors import BundleError, ExportError, MemoryNeedError
from spanport_models.training.examples import hard, unlabelled
from spanport_models.training.methods.base import make_method
from spanport_models.training.network import Network, find_base
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, TrainOptions
from spanport_models.training.run import Plan, Run, default_rate
from spanport_models.training.trainer import Trainer, check_base

pytestmark = pytest.mark.slow


def test_rows_of_labels_that_the_base_has_are_kept(tmp_path: Path) -> None:
    folder = toy.base(tmp_path / "old", labels=("O", "B-PER", "I-PER"))
    old = Network(folder, ("O", "B-PER", "I-PER"), tmp_path / "work").model.classifier
    new = Network(folder, toy.LABELS, tmp_path / "work", seed=1).model.classifier
    assert torch.equal(new.weight[[0, 3, 4]], old.weight)
    again, other = (Network(folder, toy.LABELS, tmp_path / "work", seed).model.classifier for seed in (1, 2))
    assert torch.equal(new.weight, again.weight)
    assert not torch.equal(new.weight[1], other.weight[1])


def test_a_base_that_tags_already_is_trained_at_a_quarter_of_the_rate(base: Path, tmp_path: Path) -> None:
    warm = toy.base(tmp_path / "warm", labels=toy.LABELS)
    rates = []
    for number, folder in enumerate((base, warm)):
        given = Material(toy.LABELS, (toy.some(20),), ("toy",))
        trainer = Trainer(folder, make_method("direct"), given, TrainOptions(), tmp_path / str(number), print)
        rates.append(trainer.plan.rate)
    assert rates == [5e-5 * (768 / 32) ** 2, 5e-5 * (768 / 32) ** 2 / 4]
    assert default_rate(warm, (*toy.LABELS, "B-ORG")) == rates[0]
    chosen = Trainer(warm, make_method("direct"), given, TrainOptions(rate=1e-3), tmp_path / "chosen", print)
    assert chosen.plan.rate == 1e-3


def test_a_head_that_was_never_trained_is_new(base: Path, tmp_path: Path) -> None:
    drawn = toy.base(tmp_path / "drawn", labels=toy.LABELS, trained=False)
    trained = toy.base(tmp_path / "trained", labels=toy.LABELS)
    assert default_rate(drawn, toy.LABELS) == 4 * default_rate(trained, toy.LABELS)
    heads = [Network(folder, toy.LABELS, tmp_path / "work").new_head for folder in (base, drawn, trained)]
    assert heads == [("classifier.weight", "classifier.bias")] * 2 + [()]
    run = Run(base, toy.LABELS, TrainOptions(), Plan(1, 1e-3, False), 1, tmp_path / "run", print)
    assert run.network().new_head
    assert not run.network(run.network()).new_head


def test_freezing_names_the_layers_that_stay(base: Path, tmp_path: Path) -> None:
    network = Network(base, toy.LABELS, tmp_path)
    counts = []
    for layers in (-1, 0, 1):
        network.freeze(layers)
        counts.append(len(network.trained()))
    assert counts[0] > counts[1] > counts[2]
    assert not any("embeddings" in name or "layer.0." in name for name in network.trained())
    assert any("layer.1." in name for name in network.trained())


@pytest.mark.parametrize("kind", ["xlm_roberta", "mdeberta", "bert"])
def test_predictions_are_those_of_the_saved_folder(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    network = Network(getattr(tiny, kind)(tmp_path / "base"), tiny.LABELS, tmp_path / "work")
    network.save(tmp_path / "saved")
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "saved").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    sentences = [["Marta", "Oliveira", "flew", "."], ["one"]]
    stream = network.stream([unlabelled(words, 5) for words in sentences], 100, 0)
    for words, found in zip(sentences, network.predict(stream), strict=True):
        encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
        owners = encoded.word_ids()
        with torch.no_grad():
            probabilities = model(**encoded).logits[0].softmax(-1).numpy()
        first = [owners.index(i) for i in range(len(words))]
        np.testing.assert_allclose(found, probabilities[first], atol=2e-5)


def test_words_cut_off_are_certainly_outside(base: Path, tmp_path: Path) -> None:
    network = Network(base, toy.LABELS, tmp_path, longest=4)
    (found,) = network.predict(network.stream([unlabelled(["Ana"] * 4, 5)], 100, 0))
    assert found[2:].tolist() == [[1, 0, 0, 0, 0]] * 2
    assert found[:2].max() < 1
    lines: list[str] = []
    run = Run(base, toy.LABELS, TrainOptions(longest=8), Plan(1, 1e-3, False), 1, tmp_path / "run", lines.append)
    given = [hard(["Ana"] * count, [3] * count, 5) for count in (4, 9, 20)]
    run.fit("cut", given, Tagging())
    assert lines[0] == "cut: 2 of 3 sentences cut at 8 subwords"


def test_a_base_that_cannot_be_trained_is_refused_in_words(
    base: Path, tmp_path: Path, translator_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match="T5ForTokenClassification cannot be exported"):
        check_base(tiny.t5(tmp_path / "t5"), toy.LABELS, TrainOptions())
    with pytest.raises(ExportError, match="m2m100 cannot be loaded"):
        Network(tiny.m2m100(tmp_path / "m2m100"), toy.LABELS, tmp_path / "work")
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors"):
        (bare / name).write_bytes((base / name).read_bytes())
    with pytest.raises(ExportError, match=r"bare has no tokenizer; expected one of tokenizer\.json, vocab\.txt"):
        Network(bare, toy.LABELS, tmp_path / "work")
    with pytest.raises(BundleError, match="holds no network that can be trained"):
        find_base(translator_bundle)
    assert find_base(base) == base
    monkeypatch.setattr("spanport_models.devices.free_memory", lambda: 100_000)
    with pytest.raises(MemoryNeedError, match="training toy in batches of 1024 tokens needs about"):
        check_base(base, toy.LABELS, TrainOptions())
