"""A bundle's network in floating point again: the weights that were exported, or what int8 left of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import onnx
import torch
from transformers import AutoModelForTokenClassification

import tiny_models as tiny
from spanport_models.errors import BundleError
from spanport_models.export import EncoderOptions, export_encoder
from spanport_models.export.compare import compare_encoders
from spanport_models.registry import find_model
from spanport_models.training import find_base
from spanport_models.training.graphs import Graphs

pytestmark = pytest.mark.slow


def exported(source: Path, out: Path, **options: Any) -> Path:
    return export_encoder(source, out, EncoderOptions(licence="none", least_cosine=0.5, **options)).folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(AutoModelForTokenClassification.from_pretrained(folder).named_parameters())


@pytest.mark.parametrize("family", ["bert", "xlm_roberta"])
@pytest.mark.parametrize("storage", ["int4", "int8"])
def test_what_was_exported_in_full_is_found_again(family: str, storage: str, tmp_path: Path) -> None:
    source = getattr(tiny, family)(tmp_path / "source")
    bundle = exported(source, tmp_path / "bundle", precision="fp32", embeddings=storage)
    made = find_base(bundle)
    old, new = weights(source), weights(made)
    assert new.keys() == old.keys()
    for name, weight in old.items():
        if "word_embeddings" in name:
            step = weight.abs().max() / (7 if storage == "int4" else 127)
            assert (new[name] - weight).abs().max() <= step
        else:
            assert torch.equal(new[name], weight), name
    kept = ("model_type", "num_attention_heads", "hidden_act", "max_position_embeddings", "type_vocab_size")
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (source, made))
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["layer_norm_eps"] == pytest.approx(before["layer_norm_eps"])
    assert find_base(bundle) == made  # the second time from the cache


def test_int8_is_multiplied_out(int8_encoder_bundle: Path) -> None:
    found = find_base(int8_encoder_bundle)
    old, new = weights(int8_encoder_bundle.parent / "source"), weights(found)
    for name, weight in old.items():
        assert (new[name] - weight).abs().max() <= weight.abs().max() / 127, name


@pytest.mark.parametrize("channels", ["shared", "smoothed", "apart"])
def test_outlying_channels_are_multiplied_out(channels: str, int8_encoder_bundle: Path, tmp_path: Path) -> None:
    from spanport_models.export.graph import export_graph
    from spanport_models.export.quantization import products, quantize
    from spanport_models.export.rewrite import Rewriter

    source = AutoModelForTokenClassification.from_pretrained(
        int8_encoder_bundle.parent / "source", attn_implementation="eager"
    ).eval()
    model = onnx.load(export_graph(source, tmp_path, 2, labelled=True))
    inner = "roberta.encoder.layer.1." + (
        "output.dense" if channels == "apart" else "intermediate.dense"
    )  # a wide result is smoothed, the channels of a narrow one are taken apart
    read = next(
        name
        for name, nodes in products(Rewriter(model, "x")).items()
        if any(node.output[0].strip("/").replace("/", ".").startswith(f"{inner}.") for node in nodes)
    )
    weight = dict(source.named_parameters())[f"{inner}.weight"].detach().numpy()
    sample = np.random.default_rng(1).uniform(-1, 1, (9, weight.shape[1])).astype(np.float32)
    sample[0] = 1
    sample[:, [3, 5]] *= 20
    sample[1:] /= 1 if channels == "shared" else 100  # rows that are alike share one step
    quantize(model, {read: sample})
    with_bias = [node.op_type == "MatMulIntegerToFloat" and len(node.input) > 6 for node in model.graph.node]
    assert any(with_bias) == (channels == "shared")
    onnx.save(model, tmp_path / "model.onnx")
    found = Graphs(tmp_path).weights
    error = np.abs(found[f"{inner}.weight"] - weight).max(axis=0)
    assert error.max() <= np.abs(weight).max() / 127 * 5
    if channels == "apart":
        assert error[[3, 5]].max() == 0  # as they were, in floating point
        assert error.max() > 0
    for name, parameter in source.named_parameters():
        if name.endswith(".bias"):
            np.testing.assert_array_equal(found[name], parameter.detach().numpy(), err_msg=name)


def test_a_network_of_another_kind_is_refused_in_words(tmp_path: Path, int8_encoder_bundle: Path) -> None:
    other = exported(tiny.mdeberta(tmp_path / "source"), tmp_path / "bundle")
    with pytest.raises(BundleError, match="cannot be rebuilt: it is deberta-v2"):
        find_base(other)


def test_a_rebuilt_network_that_does_not_do_as_the_bundle_is_refused(
    int8_encoder_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Graphs, "heads", 1)
    with pytest.raises(BundleError, match="cosine of"):
        find_base(int8_encoder_bundle)
    assert not list((tmp_path / "home" / "cache" / "networks").iterdir())


def test_a_weight_that_is_not_found_is_an_error(int8_encoder_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Graphs, "_products", lambda self: iter(()))
    with pytest.raises(BundleError, match="weights are not found"):
        find_base(int8_encoder_bundle)


def test_the_bundled_network_is_rebuilt() -> None:
    found = find_base("mini")  # which compares it with the bundle
    assert json.loads((found / "config.json").read_text())["vocab_size"] == 250002
    loss = compare_encoders(
        AutoModelForTokenClassification.from_pretrained(found).eval(),
        find_model("mini") / "encoder",
        [
            "Die Kanzlerin traf gestern in Hamburg den Vorstand von Siemens .",
            "Ella trabaja en la Universidad de Oviedo .",
        ],
    )
    assert loss.mean_cosine >= 0.99
    assert loss.label_agreement is not None
    assert loss.label_agreement >= 0.99


def test_weights_in_a_file_with_several_hard_links_are_read(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model("mini") / "encoder", tmp_path / "encoder"))
    (tmp_path / "again").hardlink_to(folder / "embeddings.onnx_data")
    table = next(array for name, array in Graphs(folder).weights.items() if name.endswith("word_embeddings.weight"))
    assert table.shape == (250_002, 384)
