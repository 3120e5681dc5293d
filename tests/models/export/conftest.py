"""Bundles exported once per test run, in place of the recorded ones, and a hub with tiny models under real names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_server import Hub, pickled, serve
from spanport_models.cards import CARDS


@pytest.fixture
def hub(m2m100: Path, xlm_roberta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """NLLB's repository holds a small model whose weights are pickled, as they are there; XLM-R's a tagger."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra spanport[hub]")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    nllb, hub = CARDS["nllb-600m"], Hub()
    hub.commit = str(nllb.revision)
    folders = {nllb.repository: pickled(tmp_path / "nllb", m2m100)}
    folders[CARDS["xlm-r-large-conll03"].repository] = xlm_roberta
    for name, folder in folders.items():
        hub.repositories[name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    with serve(hub):
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture(scope="session")
def encoder_bundle(xlm_roberta: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from spanport_models.export import EncoderOptions, export_encoder

    out = tmp_path_factory.mktemp("bundle") / "encoder"
    return export_encoder(xlm_roberta, out, EncoderOptions(precision="fp32", layer=2, licence="none")).folder


@pytest.fixture(scope="session")
def translator_bundle(m2m100: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from spanport_models.export import TranslatorOptions, export_translator

    out = tmp_path_factory.mktemp("bundle") / "translator"
    return export_translator(m2m100, out, TranslatorOptions(precision="float32", licence="none")).folder
