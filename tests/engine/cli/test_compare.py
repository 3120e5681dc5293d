from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from spanport.api import Engine

GOLD = "Ana B-PER\nvive O\nen O\nSevilla B-LOC\n\nLima B-LOC\n\n"


def test_tables_page_and_figures(cli, tmp_path: Path) -> None:
    (tmp_path / "es.test.conll").write_text(GOLD)
    outputs = [tmp_path / name for name in ("page.html", "table.md", "figures.json")]
    ran = cli(
        "compare", tmp_path, "--systems", "ngram,heuristic:threshold=null,model-transfer",
        "--html", outputs[0], "--markdown", outputs[1], "--json", outputs[2],
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "spa_Latn: 2 sentences" in ran.out
    assert re.search(r"\d-\d+\.\d │", ran.out), "an interval is cut on a terminal of 80 columns"
    page, table, figures = (path.read_text("utf8") for path in outputs)
    assert "<svg" in page
    assert "Sevilla" in page
    assert "| ngram | 1.0000 | 0.6667 | 0.8000 |" in table
    (found,) = json.loads(figures)
    assert [row["system"] for row in found["systems"]] == ["ngram", "heuristic:threshold=null", "model-transfer"]
    assert json.loads(found["systems"][1]["options"])["threshold"] is None
    assert found["systems"][0]["mistakes"]["missed"] == 1


def test_tables_columns_and_labels(cli, tmp_path: Path) -> None:
    for i, text in enumerate(("Ana vive en Sevilla", "Lima")):
        spans = [{"start": 0, "end": 3, "label": "PERSON"}] if i == 0 else []
        (tmp_path / f"{i}.jsonl").write_text(json.dumps({"body": text, "found": spans}) + "\n")
    columns = ["--text-column", "body", "--labels-column", "found", "--map-labels", "PERSON=PER"]
    ran = cli("compare", tmp_path / "*.jsonl", "--lang", "es", "--systems", "ngram", "--json", "-", *columns)
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)
    assert found["sentences"] == 2
    assert (found["systems"][0]["recall"], found["systems"][0]["precision"]) == (1.0, 0.5)


def test_a_saved_data_set_is_one(cli, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    (tmp_path / "gold.conll").write_text(GOLD)
    assert cli("convert", tmp_path / "gold.conll", tmp_path / "saved", "--to", "datasets").code == 0
    ran = cli("compare", tmp_path / "saved", "--lang", "es", "--systems", "ngram", "--json", "-")
    assert (ran.code, json.loads(ran.out)[0]["sentences"]) == (0, 2), ran.err


def test_json_alone_on_standard_output(cli, tmp_path: Path) -> None:
    (tmp_path / "gold.conll").write_text(GOLD)
    ran = cli(
        "compare", tmp_path / "gold.conll", "--lang", "es", "--systems", "ngram", "--json", "-", "--ignore", "LOC"
    )
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)
    assert found["ignored"] == ["LOC"]
    assert found["systems"][0]["f1"] == 1.0


def test_rejected_records_are_named_and_end_in_exit_code_1(cli, tmp_path: Path) -> None:
    (tmp_path / "gold.conll").write_text(f"vive X-1\n\n{GOLD}")
    ran = cli("compare", tmp_path / "gold.conll", "--lang", "es", "--systems", "ngram")
    assert ran.code == 1
    assert "line 1 is left out" in ran.err
    assert "X-1" in ran.err


def test_given_sources_and_alignments(cli, tmp_path: Path) -> None:
    (tmp_path / "es.conll").write_text(GOLD)
    (tmp_path / "en.conll").write_text("Ana B-LOC\nlives O\nin O\nSeville B-LOC\n\nLima B-LOC\n\n")
    (tmp_path / "links").write_text("0-0 1-1 2-2 3-3\n0-0\n")
    files = (
        "--source",
        tmp_path / "en.conll",
        "--alignments",
        tmp_path / "links",
        "--systems",
        "ngram",
        "--json",
        "-",
    )
    ran = cli("compare", tmp_path / "{lang}.conll", "--lang", "es", *files)
    (found,) = json.loads(ran.out)
    assert (found["systems"][0]["precision"], found["systems"][0]["recall"]) == (2 / 3, 2 / 3)
    ran = cli("compare", tmp_path / "{lang}.conll", "--lang", "es", *files, "--label-source", "--swap")
    (found,) = json.loads(ran.out)
    assert found["systems"][0]["precision"] == 1.0


def test_usage_errors(cli, tmp_path: Path) -> None:
    (tmp_path / "gold.conll").write_text(GOLD)
    for arguments, message in (
        (("--systems", "ngramm"), "unknown system 'ngramm'"),
        (("--systems", "ngram"), "pass one with --lang"),
        (("--systems", "ngram", "--lang", "klingon"), "unknown language 'klingon'"),
    ):
        ran = cli("compare", tmp_path / "gold.conll", *arguments)
        assert ran.code == 2
        assert message in ran.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--html", "nodir/x.html"], "nodir is no folder"),
        (["--markdown", "gold.conll"], "named twice, as an input and as Markdown"),
        (["--json", "page.html", "--html", "page.html"], "named twice"),
        (["--html", "old.html"], "old.html is there already; name another file, or pass --replace"),
    ],
)
def test_reports_that_cannot_be_written_are_an_error_before_the_work(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gold.conll").write_text(GOLD)
    Path("old.html").write_text("old")
    command = ["compare", "gold.conll", "--lang", "es", "--systems", "ngram"]
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", None)
        ran = cli(*command, *more)
    assert (ran.code, message in ran.err) == (2, True), ran.err
    assert Path("gold.conll").read_text() == GOLD
    assert cli(*command, "--html", "old.html", "--replace").code == 0
    assert "<svg" in Path("old.html").read_text("utf8")


def test_a_benchmark_brings_its_protocol(cli, tmp_path: Path) -> None:
    for code, more in (("es", ""), ("de", "Montag B-DATE\n\n")):
        (tmp_path / "masakhaner2" / code).mkdir(parents=True)
        (tmp_path / "masakhaner2" / code / "test.txt").write_text(GOLD + more)
    given = ("--benchmark", "masakhaner2", "--data", tmp_path, "--systems", "model-transfer")
    ran = cli("compare", *given, "--lang", "es,de", "--markdown", tmp_path / "table.md")
    assert ran.code == 0, ran.err
    assert "MasakhaNER 2.0" in ran.out
    assert "do not count, in gold and predictions: DATE, MISC" in ran.err
    assert "mean" in (tmp_path / "table.md").read_text()
    ran = cli("compare", *given, "--lang", "de", "--json", "-")
    (found,) = json.loads(ran.out)
    assert found["ignored"] == ["DATE", "MISC"]
    for arguments, message in (
        ((), "name a labelled file or a folder, or a data set with --benchmark"),
        (("--benchmark", "conll"), "--benchmark conll needs --data FOLDER"),
    ):
        ran = cli("compare", *arguments)
        assert ran.code == 2
        assert message in ran.err
