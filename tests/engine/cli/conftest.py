from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from fakes import FakeEncoder, FakeModels, FakeTranslator
from job_cases import LINKS, SOURCE, TARGET
from spanport.api import Engine
from spanport.cli import console
from spanport.cli.app import run

WORDS = {"vive": "lives", "en": "in", "Sevilla": "Seville", "llega": "arrives", "a": "to"}
TAGS = {"Ana": "B-PER", "Ruiz": "I-PER", "Seville": "B-LOC"}


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in this process, on weightless models; paths and numbers may be given as they are."""

    def make(name: str = "mini", **options: object) -> Engine:
        device, _ = options.pop("device"), options.pop("threads")
        concepts = {english.casefold(): spanish.casefold() for spanish, english in WORDS.items()}
        models = FakeModels(
            FakeEncoder(TAGS, concepts), FakeTranslator(WORDS), digest=name, granted_device=str(device)
        )
        return Engine(models, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "from_bundle", make)

    def call(*arguments: object) -> Ran:
        console.stdout.cache_clear()
        console.stderr.cache_clear()
        monkeypatch.setattr(sys, "argv", ["spanport", *map(str, arguments)])
        code = run()
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def parallel(tmp_path: Path) -> Path:
    (tmp_path / "en.conll").write_text(SOURCE)
    (tmp_path / "es.txt").write_text(TARGET)
    (tmp_path / "links.pharaoh").write_text(LINKS)
    return tmp_path
