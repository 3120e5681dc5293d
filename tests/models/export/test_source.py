"""Where a model comes from, what is recorded of it, and pickled weights."""

import json
from pathlib import Path

import pytest

from hub_server import Hub, pickled
from spanport_models import fetch
from spanport_models.cards import CARDS
from spanport_models.errors import ExportError, NotFetchedError, UnsafeWeightsError
from spanport_models.export import EncoderOptions, TranslatorOptions, export_encoder, export_mt_encoder
from spanport_models.export import export_translator as export
from spanport_models.export.source import locate
from spanport_models.manifest import EncoderManifest, Manifest, read_manifest

torch = pytest.importorskip("torch", reason="needs the extra spanport[export]")
constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra spanport[hub]")

NLLB = CARDS["nllb-600m"]


class Touch:
    """A tensor that writes a file when it is unpickled without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"[open({str(self.path)!r}, 'w').close(), __import__('torch').zeros(1)][1]",)


def recorded(folder: Path) -> tuple[str, str, str]:
    manifest: Manifest = read_manifest(folder)
    return manifest.name, manifest.licence, manifest.source


@pytest.mark.parametrize("by", ["registry", "hub", "folder"])
def test_a_known_model_is_recorded_as_such_however_it_is_named(hub: Hub, tmp_path: Path, by: str) -> None:
    models = {"registry": "nllb-600m", "hub": NLLB.repository}
    model = models.get(by) or fetch.fetch("nllb-600m", endpoint=hub.endpoint).path
    export(model, tmp_path / "out", TranslatorOptions(precision="float32"))
    assert recorded(tmp_path / "out") == ("nllb-600m", "CC-BY-NC-4.0", f"{NLLB.repository}@{hub.commit}")


def test_languages_of_encoders_are_recorded(hub: Hub, m2m100: Path, tmp_path: Path) -> None:
    export_encoder("xlm-r-large-conll03", tmp_path / "xlmr", EncoderOptions(precision="fp32", revision=hub.commit))
    manifest = read_manifest(tmp_path / "xlmr")
    assert isinstance(manifest, EncoderManifest)
    repository = CARDS["xlm-r-large-conll03"].repository
    assert recorded(tmp_path / "xlmr") == ("xlm-r-large-conll03", "MIT", f"{repository}@{hub.commit}")
    assert {"eng_Latn", "swh_Latn", "zho_Hans"} <= set(manifest.languages)
    export_mt_encoder(m2m100, tmp_path / "mt", EncoderOptions(precision="fp32", licence="none"))
    manifest = read_manifest(tmp_path / "mt")
    assert isinstance(manifest, EncoderManifest)
    assert sorted(manifest.languages) == sorted(manifest.language_tokens) == ["deu_Latn", "eng_Latn", "spa_Latn"]
    assert recorded(tmp_path / "mt") == ("nllb", "none", "nllb")


def test_pickled_weights_alone_need_no_flag(m2m100: Path, tmp_path: Path) -> None:
    export(pickled(tmp_path / "pickled", m2m100), tmp_path / "out", TranslatorOptions(precision="float32"))
    export(m2m100, tmp_path / "safe", TranslatorOptions(precision="float32"))
    assert (tmp_path / "out" / "model.bin").read_bytes() == (tmp_path / "safe" / "model.bin").read_bytes()


@pytest.mark.parametrize("what", [export, export_encoder])
def test_pickles_that_run_code_are_refused(what: object, m2m100: Path, xlm_roberta: Path, tmp_path: Path) -> None:
    source = m2m100 if what is export else xlm_roberta
    folder = pickled(tmp_path / "evil", source, Touch(tmp_path / "ran"))
    with pytest.raises(UnsafeWeightsError, match=r"hold more than weights; .* Pass --allow-pickle if you trust"):
        what(folder, tmp_path / "out")  # type: ignore[operator]
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()
    options = TranslatorOptions if what is export else EncoderOptions
    what(folder, tmp_path / "out", options(allow_pickle=True))  # type: ignore[operator]
    assert (tmp_path / "ran").exists()


def test_what_is_no_model_is_named(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"nllb-60m is not a folder \(did you mean 'nllb-600m'\?\)"):
        locate("nllb-60m", revision=None)
    with pytest.raises(NotFetchedError, match="nobody/nothing cannot be fetched"):
        locate("nobody/nothing", revision=None)
    with pytest.raises(ExportError, match=r"has no config\.json"):
        locate(tmp_path, revision=None)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ExportError, match="has no weights"):
        locate(tmp_path, revision=None)
