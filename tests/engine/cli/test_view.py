from __future__ import annotations

import json
from pathlib import Path

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


def test_unreadable_records_are_named_and_counted(cli, tmp_path: Path) -> None:
    lines = [json.dumps({"text": "Ana"}), "broken", json.dumps({"text": "Eva"})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    ran = cli("view", tmp_path / "in.jsonl", "-o", tmp_path / "p.html")
    assert ran.code == 1
    assert "line 2 is left out" in ran.err
    assert "1 record could not be read" in (tmp_path / "p.html").read_text("utf8")
