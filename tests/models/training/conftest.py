"""A tiny base, made once for all tests of training."""

from __future__ import annotations

from pathlib import Path

import pytest

import toy


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    return toy.base(tmp_path_factory.mktemp("base") / "toy")


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without dropout."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    return toy.base(tmp_path_factory.mktemp("base") / "calm", dropout=0.0)
