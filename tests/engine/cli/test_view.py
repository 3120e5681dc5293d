from __future__ import annotations

import json
from pathlib import Path

import pytest

from html_text import text_of
from spanport import Engine
from spanport.formats import Read, read
from spanport.formats.outcomes import Outcomes
from spanport.types import Projection, Sentence, Span


def test_what_a_job_wrote(cli, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ana vive en Sevilla\n\nllega Ana\n")
    assert cli("label", tmp_path / "in.txt", "--lang", "es", "-o", tmp_path / "out.jsonl").code == 0
    ran = cli("view", tmp_path / "out.jsonl", "-o", tmp_path / "out.html")
    assert (ran.code, ran.out) == (0, "")
    assert f"3 records on {tmp_path / 'out.html'}" in ran.err
    text = " ".join(text_of((tmp_path / "out.html").read_text("utf8")).split())
    assert "out.jsonl" in text
    assert "Ana PER lives in Seville LOC".replace(" ", "") in text.replace(" ", "")
    ran = cli("view", tmp_path / "out.jsonl", "-o", tmp_path / "out.html")
    assert ran.code == 2
    assert "--replace" in ran.err
    ran = cli("view", tmp_path / "out.jsonl", "-o", "-", "--sample", 1)
    assert "1 of 3 records, drawn evenly" in ran.out


def test_outcomes_are_the_projections_that_were_written(cli, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    (tmp_path / "in.txt").write_text("Ana vive en Sevilla\nnadie\n")
    cli("label", tmp_path / "in.txt", "--lang", "es", "-o", path)
    with path.open("a") as file:
        file.write('not json\n{"text": "Ana", "spans": [{"start": 0, "end": 3, "label": "PER"}]}\n')
        file.write('{"text": "Ana", "spans": [], "projection": {"status": "odd", "source": "Ana"}}\n')
    outcome = Outcomes(str(path))
    found = [outcome(result) for result in read(str(path)) if isinstance(result, Read)]
    engine = Engine.from_bundle("mini", device="cpu", threads=1)
    expected = next(iter(engine.label(["Ana vive en Sevilla"], lang="es")))
    first = found[0]
    assert isinstance(first, Projection)
    assert (first.spans, first.status, first.source.text) == (expected.spans, expected.status, expected.source.text)
    assert first.source.spans == expected.source.spans
    assert first.target == Sentence("Ana vive en Sevilla", "spa_Latn")
    assert isinstance(found[1], Projection)
    assert found[2] == Sentence("Ana", spans=(Span(0, 3, "PER"),))
    assert isinstance(found[3], Sentence)


@pytest.mark.parametrize("tokenized", [True, False])
def test_links_of_a_job_are_shown(cli, tmp_path: Path, tokenized: bool) -> None:
    (tmp_path / "en.conll").write_text("U.S.A B-LOC\nlives O\n\n")
    (tmp_path / "en.jsonl").write_text('{"text": "Ana lives", "spans": []}\n')
    (tmp_path / "es.txt").write_text("vive Ana\n")
    (tmp_path / "links").write_text("0-1 1-0\n")
    job = [
        "project",
        "--source",
        tmp_path / ("en.conll" if tokenized else "en.jsonl"),
        "--target",
        tmp_path / "es.txt",
    ]
    job += ["--target-lang", "es", "--alignments", tmp_path / "links", "-o", tmp_path / "out.jsonl"]
    assert cli(*job).code == 0
    assert "links" not in json.loads((tmp_path / "out.jsonl").read_text())["projection"]
    assert cli(*job, "--links", "--fresh").code == 0
    written = json.loads((tmp_path / "out.jsonl").read_text())["projection"]
    assert written["links"] == [[0, 1], [1, 0]]
    assert written.get("source_tokens") == (["U.S.A", "lives"] if tokenized else None)
    assert cli("view", tmp_path / "out.jsonl", "-o", tmp_path / "p.html").code == 0
    assert 'data-links="0-1 1-0 "' in (tmp_path / "p.html").read_text("utf8")
    ran = cli(*job[:-1], tmp_path / "out.conll", "--links")
    assert (ran.code, "no room for --links" in ran.err) == (2, True)


def test_tables_and_several_files(cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(
            'body,found\nAna vive,"[{""start"": 0, ""end"": 3, ""label"": ""PER""}]"\n'
        )
    more = ["--text-column", "body", "--labels-column", "found", "--map-labels", "PER=PERSON"]
    ran = cli("view", tmp_path / "*.csv", *more, "-o", tmp_path / "p.html")
    assert (ran.code, "2 records on" in ran.err) == (0, True), ran.err
    assert "PERSON" in (tmp_path / "p.html").read_text("utf8")


def test_labelled_files_with_their_sources_and_links(cli, tmp_path: Path) -> None:
    (tmp_path / "en.conll").write_text("Ana B-PER\nlives O\n\nx O\n\n")
    (tmp_path / "es.conll").write_text("vive O\nAna B-PER\n\ny O\n\n")
    (tmp_path / "links").write_text("0-1 1-0\n0-0\n")
    sides = ("--source", tmp_path / "en.conll", "--alignments", tmp_path / "links")
    ran = cli("view", tmp_path / "es.conll", *sides, "-o", tmp_path / "p.html", "--title", "T<")
    assert ran.code == 0, ran.err
    page = (tmp_path / "p.html").read_text("utf8")
    assert 'data-links="0-1 1-0 "' in page
    assert "<title>T&lt;</title>" in page
    ran = cli("view", tmp_path / "es.conll", "--alignments", tmp_path / "links", "-o", tmp_path / "q.html")
    assert (ran.code, "--source" in ran.err) == (2, True)


def test_plain_text_is_read_where_it_is_named(cli, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ana vive.\n")
    ran = cli("view", tmp_path / "in.txt", "-o", tmp_path / "p.html")
    assert (ran.code, "--from text" in ran.err) == (1, True)
    ran = cli("view", tmp_path / "in.txt", "--from", "text", "-o", tmp_path / "p.html", "--replace")
    assert (ran.code, "Ana vive." in (tmp_path / "p.html").read_text("utf8")) == (0, True), ran.err


def test_unreadable_records_are_named_and_counted(cli, tmp_path: Path) -> None:
    lines = [json.dumps({"text": "Ana"}), "broken", json.dumps({"text": "Eva"})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    ran = cli("view", tmp_path / "in.jsonl", "-o", tmp_path / "p.html")
    assert ran.code == 1
    assert "line 2 is left out" in ran.err
    assert "1 record could not be read" in (tmp_path / "p.html").read_text("utf8")
