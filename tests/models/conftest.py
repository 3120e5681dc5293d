"""Tiny bundles: the recorded ones, which need no torch, and the models that exporters are tested on."""

from pathlib import Path

import pytest

import tiny_models as tiny

RECORDED = Path(__file__).parent / "recorded"
"""Made by ``record.py``, with what PyTorch says with their weights."""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANPORT_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def xlm_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the extra spanport[export]")
    return tiny.xlm_roberta(tmp_path_factory.mktemp("source") / "xlmr")


@pytest.fixture(scope="session")
def m2m100(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the extra spanport[export]")
    return tiny.m2m100(tmp_path_factory.mktemp("source") / "nllb")


@pytest.fixture(scope="session")
def encoder_bundle() -> Path:
    return RECORDED / "encoder"


@pytest.fixture(scope="session")
def int8_encoder_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the extra spanport[export]")
    from spanport_models.export import EncoderOptions, export_encoder

    folder = tmp_path_factory.mktemp("int8")
    options = EncoderOptions(precision="int8", layer=2, licence="none", least_cosine=0.9)
    return export_encoder(tiny.xlm_roberta(folder / "source", positions=130), folder / "out", options).folder


@pytest.fixture(scope="session")
def translator_bundle() -> Path:
    return RECORDED / "translator"


@pytest.fixture(scope="session")
def recorded() -> Path:
    return RECORDED
