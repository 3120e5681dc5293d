"""The engine of fake models, and how its projections are shown."""

from __future__ import annotations

import pytest

from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine, Projection

WORDS = {"vive": "lives", "en": "in", "Sevilla": "Seville", "y": "and", "habla": "speaks"}


TAGS = {"Ana": "B-PER", "Ruiz": "I-PER", "Seville": "B-LOC"}


TEXT = "Ana Ruiz vive en Sevilla"


@pytest.fixture
def engine() -> Engine:
    concepts = {english.casefold(): spanish.casefold() for spanish, english in WORDS.items()}
    models = FakeModels(FakeEncoder(TAGS, concepts), FakeTranslator(WORDS))
    return Engine(models)  # type: ignore[arg-type]


def found(projection: Projection) -> list[tuple[str, str]]:
    return [(s.label, projection.target.text[s.start : s.end]) for s in projection.spans]
