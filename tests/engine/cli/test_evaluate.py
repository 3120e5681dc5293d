from __future__ import annotations

import json
from pathlib import Path

GOLD = "Ana B-PER\nvive O\nen O\nLima B-LOC\n\nhoy B-DATE\n\n"
PREDICTED = "Ana B-PER\nvive O\nen O\nLima B-ORG\n\nhoy O\n\n"


def test_scores_equal_seqeval(cli, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "gold.conll", tmp_path / "predicted.conll"
    gold.write_text(GOLD)
    predicted.write_text(PREDICTED)
    ran = cli("evaluate", gold, predicted, "--json")
    assert ran.code == 0, ran.err
    micro = json.loads(ran.out)["scores"]["micro"]
    assert (micro["correct"], micro["predicted"], micro["gold"]) == (1, 2, 3)
    ran = cli("evaluate", gold, predicted, "--ignore", "DATE, ORG", "--json")
    assert json.loads(ran.out)["scores"]["micro"]["gold"] == 2
    ran = cli("evaluate", gold, predicted)
    assert "micro" in ran.out
    assert "0.4000" in ran.out


def test_alignments(cli, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "gold.pharaoh", tmp_path / "predicted.pharaoh"
    gold.write_text("0-0 1p1\n")
    predicted.write_text("0-0 1-1\n")
    figures = json.loads(cli("evaluate", gold, predicted, "--json").out)
    assert figures["aer"] == 0.0
    assert figures["precision"] == 1.0


def test_an_unreadable_record_is_named(cli, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "gold.conll", tmp_path / "predicted.conll"
    gold.write_text(GOLD)
    predicted.write_text(PREDICTED.replace("hoy O", "hoy"))
    ran = cli("evaluate", gold, predicted)
    assert ran.code == 2
    assert "predicted.conll, line 6" in ran.err


def test_sentences_that_differ(cli, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "gold.conll", tmp_path / "predicted.conll"
    gold.write_text(GOLD)
    predicted.write_text(PREDICTED.replace("Ana", "Eva"))
    ran = cli("evaluate", gold, predicted)
    assert ran.code == 3
    assert "sentence 1" in ran.err
