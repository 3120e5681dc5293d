"""Bundles exported once per test run from tiny random models, in place of the recorded ones."""

from pathlib import Path

import pytest


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
