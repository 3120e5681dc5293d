"""Whole commands over files: outputs, and how they go on."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from job_cases import LABELLED, LINKS, SOURCE, project, rejects
from spanport import bulk
from spanport.bulk import feeds, project_files
from spanport.systems.base import make_system, makes_targets, system_names


@pytest.mark.parametrize("system", ["ngram", "heuristic"])
@pytest.mark.parametrize("given", [True, False])
def test_project(cli, parallel: Path, system: str, given: bool) -> None:
    links = ["--alignments", parallel / "links.pharaoh"] if given else []
    ran = cli(*project(parallel, "--system", system, *links))
    assert ran.code == 0, ran.err
    assert (parallel / "out.conll").read_text() == LABELLED
    assert not (parallel / "out.conll.rejects.jsonl").exists()
    assert not (parallel / "out.conll.journal").exists()
    assert "2 records in" in ran.err
    assert ran.out == ""


def test_one_record_is_no_plural(cli, parallel: Path) -> None:
    (parallel / "en.conll").write_text("Ana B-PER\n\n")
    (parallel / "es.txt").write_text("Ana\n")
    ran = cli(*project(parallel))
    assert (ran.code, "1 record in" in ran.err) == (0, True), ran.err


ALONE = [name for name in system_names() if name != "t-projection" and not makes_targets(make_system(name))]
"""Systems that label a given text with nothing beside it; `t-projection` needs a file of candidates."""


@pytest.mark.parametrize("system", ALONE)
def test_every_system_that_labels_given_text(cli, parallel: Path, system: str) -> None:
    ran = cli(*project(parallel, "--system", system))
    assert ran.code == 0, ran.err
    assert (parallel / "out.conll").read_text().count("\n") == LABELLED.count("\n")
    gold = parallel / "en.conll"
    ran = cli("compare", gold, "--lang", "es", "--source", gold, "--label-source", "--systems", system)
    assert ran.code == 0, ran.err


def test_options_of_a_system(cli, parallel: Path) -> None:
    ran = cli(*project(parallel, "--option", "max_length=1", "--score", "pairs", "--solver", "greedy"))
    assert ran.code == 0, ran.err
    assert "Ana\tO\nRuiz\tO" not in (parallel / "out.conll").read_text()
    assert "Ruiz\tI-PER" not in (parallel / "out.conll").read_text()
    ran = cli(*project(parallel, "--option", "max_length"))
    assert (ran.code, "expected NAME=VALUE" in ran.err) == (2, True)
    ran = cli(*project(parallel, "--score", "pear"))
    assert ran.code == 2
    assert "'pear'" in ran.err or "pear" in ran.err


def test_training_data_in_another_language_from_labelled_text_alone(cli, tmp_path: Path) -> None:
    rows = [json.dumps({"text": "Ana Ruiz vive en Lugo", "spans": [{"start": 0, "end": 8, "label": "PER"}]})]
    rows.append(json.dumps({"text": "vive ] en x", "spans": [{"start": 10, "end": 11, "label": "LOC"}]}))
    rows.append(json.dumps({"text": "llega a Lugo", "spans": []}))
    (tmp_path / "es.jsonl").write_text("\n".join(rows) + "\n")
    base = ["project", "--source", tmp_path / "es.jsonl", "--source-lang", "es", "--target-lang", "en"]
    ran = cli(*base, "--system", "easyproject", "-o", tmp_path / "en.conll")
    assert ran.code == 0, ran.err
    assert "1 sentence (33.3% of 3) left out by easyproject" in ran.err
    kept = ["Ana\tB-PER", "Ruiz\tI-PER", "lives\tO", "in\tO", "Lugo\tO", "", "arrives\tO", "to\tO", "Lugo\tO", "", ""]
    assert (tmp_path / "en.conll").read_text() == "\n".join(kept)
    ran = cli(*base, "--system", "translate-train", "--format", "text")
    assert (ran.code, ran.out) == (0, "[PER Ana Ruiz] lives in Lugo\nlives ] in [LOC x]\narrives to Lugo\n"), ran.err


def test_a_target_where_none_is_wanted_and_none_where_one_is(cli, parallel: Path) -> None:
    base = ["project", "--source", parallel / "en.conll"]
    ran = cli(*base, "--target-lang", "es")
    assert (ran.code, "--target" in ran.err, "easyproject" in ran.err) == (2, True, True)
    ran = cli(*base, "--system", "easyproject", "--target-lang", "es", "--target", parallel / "es.txt")
    assert (ran.code, "leave out --target" in ran.err) == (2, True)
    ran = cli(*base, "--system", "translate-train")
    assert (ran.code, "--target-lang" in ran.err) == (2, True)
    ran = cli("label", parallel / "es.txt", "--lang", "es", "--system", "easyproject")
    assert (ran.code, ran.out, "use project" in ran.err) == (2, "", True)


def test_label_text_to_jsonl_text_and_standard_output(cli, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ana Ruiz vive en Sevilla\n\nllega Ana\n")
    assert cli("label", tmp_path / "in.txt", "--lang", "spa_Latn", "-o", tmp_path / "out.jsonl").code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["Ana Ruiz vive en Sevilla", "", "llega Ana"]
    assert [(s["label"], s["text"]) for s in rows[0]["spans"]] == [("PER", "Ana Ruiz"), ("LOC", "Sevilla")]
    assert rows[0]["projection"]["source"] == "Ana Ruiz lives in Seville"
    ran = cli("label", tmp_path / "in.txt", "--lang", "es", "--format", "text")
    assert ran.out == "[PER Ana Ruiz] vive en [LOC Sevilla]\n\nllega [PER Ana]\n"


def test_min_confidence(cli, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ana Ruiz vive en Sevilla\n")
    ran = cli("label", tmp_path / "in.txt", "--lang", "es", "--format", "text", "--min-confidence", "0.95")
    assert ran.out == "Ana Ruiz vive en Sevilla\n"
    ran = cli("label", tmp_path / "in.txt", "--lang", "es", "--format", "jsonl")
    scores = [span["score"] for span in json.loads(ran.out)["spans"]]
    ran = cli(
        "label", tmp_path / "in.txt", "--lang", "es", "--format", "jsonl", "--min-confidence", repr(max(scores))
    )
    assert [span["score"] for span in json.loads(ran.out)["spans"]] == [max(scores)] * scores.count(max(scores))


def test_align(cli, parallel: Path) -> None:
    out = parallel / "out.pharaoh"
    ran = cli("align", "--source", parallel / "en.conll", "--target", parallel / "es.txt", "-o", out)
    assert ran.code == 0, ran.err
    assert out.read_text() == LINKS.replace("0-1 1-0", "0-1 1-0")


def test_empty_lines_stay_where_they_are(cli, parallel: Path) -> None:
    (parallel / "es.txt").write_text("\nllega Ana\n")
    (parallel / "links.pharaoh").write_text("\n0-1 1-0\n")
    assert cli(*project(parallel, "--alignments", parallel / "links.pharaoh")).code == 0
    assert (parallel / "out.conll").read_text() == "\nllega\tO\nAna\tB-PER\n\n"


@pytest.mark.parametrize("after", [1, 4])
def test_projection_of_files_goes_on_in_the_middle_of_a_block(
    cli, parallel: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for name, content in (("en.conll", SOURCE), ("links.pharaoh", LINKS), ("es.conll", LABELLED)):
        (parallel / name).write_text(content * 60)
    links = (parallel / "links.pharaoh").read_text().splitlines()
    links[7] = "0-9"
    (parallel / "links.pharaoh").write_text("\n".join(links) + "\n")
    base = ["project", "--source", parallel / "en.conll", "--target", parallel / "es.conll", "--target-lang", "es"]
    base += ["--alignments", parallel / "links.pharaoh", "-o"]
    assert cli(*base, parallel / "whole.conll").code == 1
    whole = (parallel / "whole.conll").read_text()
    assert whole == LABELLED * 3 + LABELLED[: LABELLED.index("llega")] + LABELLED * 56

    def stopped(*args: Any, **options: Any) -> Any:
        yield from islice(project_files(*args, **options), after)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feeds, "WINDOW", 150)
        patch.setattr(bulk, "project_files", stopped)
        assert cli(*base, parallel / "out.conll").code == 130
    written = (parallel / "out.conll").read_text()
    assert 0 < len(written) < len(whole)
    assert whole.startswith(written)
    ran = cli(*base, parallel / "out.conll")
    assert (ran.code, "resuming after" in ran.err) == (1, True)
    assert (parallel / "out.conll").read_text() == whole
    assert [(r["line"], r["record"]) for r in rejects(parallel)] == [
        (r["line"], r["record"]) for r in rejects(parallel, "whole.conll")
    ]
    assert len(rejects(parallel)) == 1


def test_statistics_file(cli, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ana vive\n" * 10)
    out, stats = tmp_path / "out.jsonl", tmp_path / "stats.json"
    assert cli("label", tmp_path / "in.txt", "--lang", "es", "-o", out, "--stats", stats).code == 0
    figures = json.loads(stats.read_text())
    assert figures["records"] == 10
    assert {"translate", "encode"} <= {stage["name"] for stage in figures["stages"]}
