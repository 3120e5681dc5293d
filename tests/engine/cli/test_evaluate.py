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


def test_tables_columns_and_labels(cli, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "gold.jsonl", tmp_path / "predicted.conll"
    gold.write_text('{"words": ["Ana", "vive"], "found": ["B-PERSON", "O"]}\n')
    predicted.write_text("Ana B-PER\nvive O\n\n")
    columns = ["--tokens-column", "words", "--labels-column", "found"]
    ran = cli("evaluate", gold, predicted, *columns, "--map-labels", "PERSON=PER", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["scores"]["micro"]["f1"] == 1.0
    assert json.loads(cli("evaluate", gold, predicted, *columns, "--json").out)["scores"]["micro"]["f1"] == 0.0


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


def test_against_a_benchmark(cli, tmp_path: Path) -> None:
    for code in ("hau", "lug"):
        (tmp_path / "data" / code).mkdir(parents=True)
        (tmp_path / "data" / code / "test.txt").write_text(GOLD)
        (tmp_path / f"{code}.conll").write_text(PREDICTED)
    given = ("--benchmark", "masakhaner2", "--data", tmp_path / "data")
    ran = cli("evaluate", tmp_path / "{lang}.conll", *given, "--lang", "hau,lug", "--json")
    assert ran.code == 0, ran.err
    scores = json.loads(ran.out)["scores"]
    assert {code: scores[code]["micro"]["gold"] for code in scores} == {"hau": 2, "lug": 2}  # DATE does not count
    ran = cli("evaluate", tmp_path / "hau.conll", *given, "--lang", "hau")
    assert "72.3" in ran.out  # published, of labels projected
    assert "XLM-R large, NLLB-3.3B" in ran.err
    for arguments, message in (
        ((tmp_path / "hau.conll", *given, "--lang", "hau,lug"), "several and {lang} in the path"),
        ((tmp_path / "hau.conll", tmp_path / "lug.conll", *given, "--lang", "hau"), "brings the gold file"),
        ((tmp_path / "hau.conll",), "name the file of predictions"),
    ):
        ran = cli("evaluate", *arguments)
        assert ran.code == 2
        assert message in ran.err
