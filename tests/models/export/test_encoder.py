"""Every family of encoders, exported and compared with PyTorch."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models as tiny
from spanport_models import Encoder
from spanport_models.errors import BundleError, ExportError, LabelError
from spanport_models.export import EncoderOptions, export_encoder, export_mt_encoder
from spanport_models.manifest import EncoderManifest, read_manifest

torch = pytest.importorskip("torch", reason="needs the extra spanport[export]")

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "xlm-roberta": tiny.xlm_roberta,
    "bert": tiny.bert,
    "deberta-v2": tiny.mdeberta,
    "xlm-v": tiny.xlm_v,
}
SENTENCES = [text.split() for text in tiny.TEXTS] + [["Ana"], [], ["Oliveira"] * 80]


def assert_equal_to_pytorch(encoder: Encoder, network: Any, atol: float) -> None:
    """One padded batch against one sentence at a time."""
    items = encoder.tokenize(SENTENCES, language=next(iter(encoder.manifest.language_tokens), None))
    encoded = encoder.run(items)
    for i, item in enumerate(items):
        ids = torch.from_numpy(item.ids.astype(np.int64))[None]
        with torch.no_grad():
            outputs = network(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
        head = 1 if item.ids.size > len(item.word_of_subword) + 1 else 0
        states = outputs.hidden_states[encoder.manifest.layer][0][head : head + len(item.word_of_subword)]
        rows = slice(encoded.subword_offsets[i], encoded.subword_offsets[i + 1])
        np.testing.assert_allclose(encoded.hidden[rows], states.numpy(), atol=atol)
    assert items[-1].truncated_words > 0


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_equals_pytorch(family: str, tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification

    source = FAMILIES[family](tmp_path / "source")
    report = export_encoder(source, tmp_path / "out", EncoderOptions(precision="fp32"))
    assert report.label_agreement == 1.0
    encoder = Encoder(tmp_path / "out")
    assert encoder.labels == tiny.LABELS
    network = AutoModelForTokenClassification.from_pretrained(source).eval()
    assert_equal_to_pytorch(encoder, network, 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_in_int8_stays_close(family: str, tmp_path: Path) -> None:
    source = FAMILIES[family](tmp_path / "source")
    report = export_encoder(source, tmp_path / "out", EncoderOptions(precision="int8"))
    assert report.worst_cosine is not None
    assert report.worst_cosine > 0.98  # random weights are far harder than trained ones
    assert report.embeddings == "int8"
    assert read_manifest(tmp_path / "out").precision == "int8"  # type: ignore[union-attr]


def test_an_export_that_is_another_model_is_refused(xlm_roberta: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"mean cosine of 0\.\d+ .* expected .* at least 1\.0.*--precision fp32"):
        export_encoder(xlm_roberta, tmp_path / "out", EncoderOptions(least_cosine=1.0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_half_precision_stays_close(xlm_roberta: Path, tmp_path: Path) -> None:
    report = export_encoder(xlm_roberta, tmp_path / "out", EncoderOptions(precision="fp16"))
    assert report.worst_cosine is not None
    assert report.worst_cosine > 0.9999


@pytest.mark.slow
def test_a_plain_encoder_has_no_labels(tmp_path: Path) -> None:
    source = tiny.xlm_roberta(tmp_path / "source", labels=())
    export_encoder(source, tmp_path / "out", EncoderOptions(precision="fp32", layer=1))
    encoder = Encoder(tmp_path / "out")
    encoded = encoder.encode([["Ana", "Oslo"]])
    assert encoder.labels == ()
    assert encoded.word_probabilities.shape == (2, 0)
    assert encoded.hidden.shape[1] == 32


def test_a_translators_encoder_takes_a_language(m2m100: Path, tmp_path: Path) -> None:
    from transformers import M2M100ForConditionalGeneration

    export_mt_encoder(m2m100, tmp_path / "out", EncoderOptions(precision="fp32"))
    encoder = Encoder(tmp_path / "out")
    assert encoder.manifest.layer == 2
    network = M2M100ForConditionalGeneration.from_pretrained(m2m100).eval().get_encoder()
    assert_equal_to_pytorch(encoder, network, 1e-4)
    spanish, german = (encoder.encode([["Oslo"]], language=code).hidden for code in ("spa_Latn", "deu_Latn"))
    assert not np.allclose(spanish, german)


@pytest.mark.slow
def test_an_unchanged_export_is_not_done_again(xlm_roberta: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(xlm_roberta, tmp_path / "source"))
    options = EncoderOptions(precision="fp32")
    assert not export_encoder(source, tmp_path / "out", options).unchanged
    stamp = (tmp_path / "out" / "model.onnx").stat().st_mtime_ns
    assert export_encoder(source, tmp_path / "out", options).unchanged
    assert (tmp_path / "out" / "model.onnx").stat().st_mtime_ns == stamp
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | {"note": "changed"}))
    with pytest.raises(BundleError, match="already exists"):
        export_encoder(source, tmp_path / "out", options)
    assert not export_encoder(source, tmp_path / "out", EncoderOptions(precision="fp32", replace=True)).unchanged


@pytest.mark.slow
def test_both_are_scored_on_a_labelled_file(xlm_roberta: Path, tmp_path: Path) -> None:
    conll = tmp_path / "gold.conll"
    lines = ["-DOCSTART- O", "", *(f"{word} {'B-PER' if word == 'Ana' else 'O'}" for word in tiny.TEXTS[4].split())]
    conll.write_text("\n".join([*lines, "", "Oslo\tNN\tB-LOC", ""]))
    report = export_encoder(xlm_roberta, tmp_path / "out", EncoderOptions(precision="fp32", conll=conll))
    assert report.f1 is not None
    assert report.f1[0] == report.f1[1]
    (tmp_path / "empty.conll").touch()
    options = EncoderOptions(precision="fp32", conll=tmp_path / "empty.conll")
    with pytest.raises(ExportError, match="has no labelled sentence"):
        export_encoder(xlm_roberta, tmp_path / "other", options)


def test_labels_come_from_the_configuration_or_the_caller(xlm_roberta: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(xlm_roberta, tmp_path / "source"))
    config = json.loads((source / "config.json").read_text())
    config["id2label"] = {str(i): f"LABEL_{i}" for i in range(5)}
    (source / "config.json").write_text(json.dumps(config))
    with pytest.raises(LabelError, match="'LABEL_0' is not an entity label"):
        export_encoder(source, tmp_path / "out")
    given = ("B-LOC", "I-LOC", "I-PER", "I-ORG", "O")  # no B-PER, as in the CoNLL model of XLM-R large
    export_encoder(source, tmp_path / "out", EncoderOptions(precision="fp32", labels=given))
    assert Encoder(tmp_path / "out").labels == given
    with pytest.raises(ExportError, match="2 labels were given; expected 5"):
        export_encoder(source, tmp_path / "other", EncoderOptions(labels=("O", "B-X")))


@pytest.mark.parametrize("layer", [-1, 4])
def test_a_layer_that_is_not_there_is_refused(xlm_roberta: Path, tmp_path: Path, layer: int) -> None:
    with pytest.raises(ExportError, match=rf"layer {layer}; expected 0 \(the embeddings\) to 3"):
        export_encoder(xlm_roberta, tmp_path / "out", EncoderOptions(layer=layer))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"has no config\.json"):
        export_encoder(tmp_path, tmp_path / "out")
    with pytest.raises(ExportError, match="is not a folder"):
        export_encoder(tmp_path / "none", tmp_path / "out")


def test_nothing_is_left_of_a_failed_export(xlm_roberta: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(xlm_roberta, tmp_path / "source"))
    (source / "tokenizer.json").write_text("{}")
    (tmp_path / "here").mkdir()
    with pytest.raises(ExportError, match="tokenizer"):
        export_encoder(source, tmp_path / "here" / "out")
    assert list((tmp_path / "here").iterdir()) == []


def test_remote_code_is_never_run(xlm_roberta: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(xlm_roberta, tmp_path / "source"))
    config = json.loads((source / "config.json").read_text())
    config["model_type"] = "unheard-of"
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForTokenClassification": "evil.Model"}
    (source / "config.json").write_text(json.dumps(config))
    (source / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    with pytest.raises(ExportError):
        export_encoder(source, tmp_path / "out")
    assert not (tmp_path / "ran").exists()


def test_the_manifest_says_what_was_exported(encoder_bundle: Path) -> None:
    manifest = read_manifest(encoder_bundle)
    assert isinstance(manifest, EncoderManifest)
    assert (manifest.architecture, manifest.layer, manifest.hidden_size) == ("xlm-roberta", 2, 32)
    assert manifest.max_length == 32  # 34 positions less the two that RoBERTa never uses
    assert set(manifest.files) == {"model.onnx", "head.onnx", "tokenizer.json"}


def test_body_and_head_hold_each_weight_once(encoder_bundle: Path, xlm_roberta: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    def weights(name: str) -> int:
        return sum(len(tensor.raw_data) for tensor in onnx.load(encoder_bundle / name).graph.initializer)

    original = sum(array.nbytes for array in load_file(xlm_roberta / "model.safetensors").values())
    assert weights("head.onnx") > 0.1 * original
    assert weights("model.onnx") + weights("head.onnx") < 1.02 * original
