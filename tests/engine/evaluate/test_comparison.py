from __future__ import annotations

import pytest

from spanport.errors import LengthMismatchError, UsageError
from spanport.evaluate import compare
from spanport.formats.tokenized import sentence_of_words
from spanport.labels import spans_of_labels
from spanport.types import Sentence


def sentence(labels: str) -> Sentence:
    tags = labels.split()
    return sentence_of_words(["w"] * len(tags), spans_of_labels(tags))


GOLD = [sentence("B-X O"), sentence("B-Y I-Y"), sentence("O O"), sentence("B-X B-Y")] * 10
GOOD = [sentence("B-X O"), sentence("B-Y I-Y"), sentence("O O"), sentence("B-X O")] * 10
BAD = [sentence("B-X O"), sentence("B-X I-X"), sentence("O O"), sentence("O O")] * 10


def test_figures_and_order() -> None:
    found = compare("es", GOLD, {"bad": BAD, "good": GOOD}, seconds={"bad": 2.0}, options={"good": "tau=0.5"})
    assert [system.name for system in found.systems] == ["bad", "good"]
    assert found.best.name == "good"
    assert found.best.against_best is None
    assert found.best.options == "tau=0.5"
    assert found.best.f1.value == pytest.approx(2 * 3 / 7)
    bad = found.systems[0]
    assert bad.seconds == 2.0
    assert bad.f1.low < bad.f1.value < bad.f1.high
    assert bad.against_best is not None
    assert bad.against_best.value < 0
    assert bad.against_best.p_value < 0.01
    assert bad.mistakes.label == 10
    assert bad.label_f1["X"].value == pytest.approx(2 / 4)
    rows = found.to_rows()
    assert rows[0]["system"] == "bad"
    assert rows[1]["p_value"] is None
    assert rows[0]["f1_Y"] == 0.0


def test_agreement_and_disagreements() -> None:
    found = compare("es", GOLD, {"bad": BAD, "good": GOOD}, sources=GOLD, keep=3)
    assert found.agreement[0][0] == 1.0
    assert found.agreement[0][1] == found.agreement[1][0] == pytest.approx(2 * 1 / (2 + 3))
    assert found.disagreeing == 20
    assert [item.number for item in found.disagreements] == [1, 3, 5]
    first = found.disagreements[0]
    assert first.source == first.gold == GOLD[1]
    assert first.predicted == {"bad": BAD[1], "good": GOOD[1]}


def test_ignored_labels_make_no_disagreement() -> None:
    found = compare("es", [sentence("B-X")], {"a": [sentence("B-Y")], "b": [sentence("O")]}, ignore=["Y"])
    assert found.disagreeing == 0
    assert found.agreement[0][1] == 1.0
    assert found.ignored == ("Y",)


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError, match="no system"):
        compare("es", GOLD, {})
    with pytest.raises(LengthMismatchError):
        compare("es", GOLD, {"a": GOOD[:-1]})
