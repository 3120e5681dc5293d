"""Bundles exported once per test run from tiny random models."""

from pathlib import Path

import pytest

import tiny_models as tiny
from spanport_models.export import EncoderOptions, TranslatorOptions, export_encoder, export_translator


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
def encoder_bundle(xlm_roberta: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "encoder"
    return export_encoder(xlm_roberta, out, EncoderOptions(precision="fp32", layer=2, licence="none")).folder


@pytest.fixture(scope="session")
def translator_bundle(m2m100: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "translator"
    return export_translator(m2m100, out, TranslatorOptions(precision="float32", licence="none")).folder
