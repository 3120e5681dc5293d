"""Toy files and a toy base."""

from __future__ import annotations

from pathlib import Path

import pytest

import toy


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``base``, ``en.conll``, ``en.txt``, their translations ``es.conll`` and ``es.txt``, and ``test.conll``."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    folder = tmp_path_factory.mktemp("toy")
    toy.base(folder / "base")
    english, spanish = toy.sentences(150), toy.sentences(150, other=True)
    (folder / "en.conll").write_text(toy.conll(english))
    (folder / "en.txt").write_text(toy.text(english))
    (folder / "es.txt").write_text(toy.text(spanish))
    (folder / "es.conll").write_text(toy.conll(spanish))
    (folder / "test.conll").write_text(toy.conll(toy.sentences(40, other=True, seed=5)))
    return folder
