from __future__ import annotations

import pytest

from engine_sentences import found, job, sentence
from fakes import FakeEncoder, FakeModels, ScriptedTranslator
from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.systems.base import make_system
from spanport.systems.multi_source import vote
from spanport.systems.tools import Tools
from spanport.types import ProjectedSpan, Projection


def projection(*spans: tuple[int, int, str, float]) -> Projection:
    target = sentence("a b c d", "spa_Latn")
    return Projection(target, tuple(ProjectedSpan(*span) for span in spans), sentence("x"))


def keys(result: Projection) -> list[tuple[int, int, str, float]]:
    return [(s.start, s.end, s.label, pytest.approx(s.score)) for s in result.spans]


def test_a_span_needs_its_share_of_the_votes() -> None:
    one = projection((0, 1, "PER", 0.9), (4, 5, "LOC", 0.6))
    two = projection((0, 1, "PER", 0.7), (4, 5, "ORG", 0.9))
    assert keys(vote([one, two], (1, 1), 0.4)) == [(0, 1, "PER", 0.8), (4, 5, "ORG", 0.45)]
    assert keys(vote([one, two], (3, 1), 0.4)) == [(0, 1, "PER", 0.85), (4, 5, "LOC", 0.45)]
    assert keys(vote([one, two], (1, 1), 0.5)) == [(0, 1, "PER", 0.8)]


def test_overlapping_spans_are_elected_together() -> None:
    one = projection((0, 3, "ORG", 0.9))
    two = projection((0, 1, "PER", 0.8), (2, 3, "LOC", 0.8))
    three = projection((0, 1, "PER", 0.8), (2, 3, "LOC", 0.8))
    # ORG alone gains .3 - .2 = .1, the two others .53 - .2 each.
    assert [k[2] for k in keys(vote([one, two, three], (1, 1, 1), 0.2))] == ["PER", "LOC"]
    assert [k[2] for k in keys(vote([one, two, three], (8, 1, 1), 0.1))] == ["ORG"]


def test_votes_need_one_weight_each_and_one_target() -> None:
    with pytest.raises(UsageError, match="2 projections and 1 weights"):
        vote([projection(), projection()], (1,))
    with pytest.raises(UsageError, match="of one target"):
        vote([projection(), Projection(sentence("other"), (), sentence("x"))], (1, 1))


def test_each_pivot_is_translated_labelled_and_aligned() -> None:
    texts = {"Ana left Seville": "Ana verließ Sevilla", "Ana dejó Sevilla": "Ana lasciò Siviglia"}
    tags = {"Ana": "B-PER", "Sevilla": "B-LOC"}
    translator = ScriptedTranslator(texts=texts)
    models = FakeModels(FakeEncoder(tags), translator)
    tools = Tools(models, lambda: AlignOptions(extraction="intersection"))  # type: ignore[arg-type]
    one = job("[PER Ana] left Seville", "Ana dejó Sevilla", (0, 0), (1, 1), (2, 2))
    by_source = make_system("multi-source", {"pivots": ["de"], "threshold": 0.4}, tools)
    (result,) = by_source.project([one])
    # Both see Ana (votes 1 and .9); only German sees Seville, with .9 of half the votes.
    assert found(result) == [("PER", "Ana"), ("LOC", "Sevilla")]
    assert [s.score for s in result.spans] == pytest.approx([0.95, 0.45])
    assert result.spans[1].source is None
    make_system("multi-source", {"pivots": ["it"], "route": "target"}, tools).project([one])
    assert translator.asked == ["Ana left Seville", "Ana dejó Sevilla"]


def test_weights_must_fit_the_pivots() -> None:
    assert make_system("multi-source").needs == {"source", "links"}
    assert "translator" in make_system("multi-source", {"pivots": ["deu_Latn"]}).needs
    with pytest.raises(UsageError, match="expected 2, none negative"):
        make_system("multi-source", {"pivots": ["de"], "weights": [1]})
