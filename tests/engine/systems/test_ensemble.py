from __future__ import annotations

import numpy as np
import pytest

from engine_sentences import found, job
from fakes import LABELS, FakeEncoder, FakeModels
from spanport.errors import UsageError
from spanport.systems.base import make_system
from spanport.systems.ensemble import projected_view
from spanport.systems.tools import Tools

TOOLS = Tools(FakeModels(FakeEncoder()))  # type: ignore[arg-type]


def rows(*tags: str, peak: float = 0.9) -> np.ndarray:
    out = np.full((len(tags), len(LABELS)), (1 - peak) / (len(LABELS) - 1), np.float32)
    for i, tag in enumerate(tags):
        out[i, LABELS.index(tag)] = peak
    return out


def test_projection_adds_entities_but_cannot_veto_them() -> None:
    # The classifier is unsure of Ana (.5 O) and reads Sevilla; the source has Ana only.
    target = rows("O", "O", "B-LOC")
    target[0] = 0.0
    target[0, [0, 1]] = 0.55, 0.45
    one = job(
        "[PER Ana] left", "Ana dejó Sevilla", (0, 0), probabilities=target, source_probabilities=rows("B-PER", "O")
    )
    (result,) = make_system("ensemble", {}, TOOLS).project([one])
    assert found(result) == [("PER", "Ana"), ("LOC", "Sevilla")]
    assert result.spans[0].score == pytest.approx((0.45 + 0.9) / 2)
    assert result.spans[0].source == one.source.spans[0]
    assert result.spans[1].source is None


def test_rows_of_the_source_go_to_the_words_of_the_projected_span() -> None:
    source = rows("B-ORG", "I-ORG", "I-ORG", "B-LOC")
    source[1] = rows("I-LOC")[0]
    views = {"probabilities": rows(*["O"] * 6), "source_probabilities": source}
    links = [(0, 0), (1, 1), (2, 2), (3, 4), (3, 5)]
    one = job("[ORG Bank of Spain] [LOC Madrid]", "Banco de España en la Villa", *links, **views)
    plain = make_system("span-filling", {})
    seen = projected_view(one, plain.project([one])[0], LABELS)
    assert [LABELS[row.argmax()] if not np.isnan(row[0]) else "" for row in seen] == [
        "B-ORG", "I-ORG", "I-ORG", "", "B-LOC", "I-LOC",
    ]  # fmt: skip
    # By default an entity of one word gets one word.
    restricted = make_system("ensemble", {}, TOOLS).projector.project([one])[0]  # type: ignore[attr-defined]
    assert found(restricted)[1] == ("LOC", "la")


def test_it_needs_both_views() -> None:
    system = make_system("ensemble", {}, TOOLS)
    assert system.needs == {"source", "links", "probabilities"}
    with pytest.raises(UsageError, match="probabilities of both sides"):
        system.project([job("[PER Ana]", "Ana", (0, 0))])
