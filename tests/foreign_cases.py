"""Sentences for files of other tools, and what is read of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spanport.formats import Read, Rejected, read
from spanport.types import Sentence, Span

TEXT = "Ana Ruiz vive en  Lugo."
GIVEN = [
    Sentence(TEXT, "spa_Latn", spans=(Span(0, 8, "PER", 0.5), Span(18, 22, "LOC", 0.75)), extra={"id": 1}),
    Sentence("Lugo-Ana", "spa_Latn", spans=(Span(5, 8, "PER"),)),
    Sentence("", "spa_Latn"),
]
NESTED = Sentence("Universidad de Lugo", spans=(Span(0, 19, "ORG"), Span(15, 19, "LOC")))


def sentences(path: Path, form: str | None = None, **options: Any) -> list[Sentence]:
    found = list(read(path, form, **options))
    assert all(isinstance(item, Read) for item in found), found
    return [item.sentence for item in found if isinstance(item, Read)]


def rejected(path: Path, form: str | None = None, **options: Any) -> list[Rejected]:
    return [item for item in read(path, form, **options) if isinstance(item, Rejected)]
