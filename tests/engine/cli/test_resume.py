"""Commands that were stopped go on as the same job, or not at all; nothing else is overwritten."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spanport.api import Engine
from spanport.output import committed

TEXT = "Ana Ruiz vive en Sevilla\nllega Ana\n"
COLUMNS = "Ana B-PER\nRuiz I-PER\nlives O\n\nAna B-PER\n\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("es.txt").write_text(TEXT)
    Path("en.conll").write_text(COLUMNS)
    Path("en.pharaoh").write_text("0-0 1-1\n0-1\n")
    return tmp_path


def stop_after_the_first(cli: Any, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    run = Engine.run

    def stopped(*args: Any, **options: Any) -> Iterator[Any]:
        yield from islice(run(*args, **options), 1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", stopped)
        ran = cli(*arguments)
    assert ran.code == 130, ran.err


LABEL = ["label", "es.txt", "--lang", "es", "-o", "out.jsonl"]
PROJECT = ["project", "--source", "en.conll", "--target", "es.txt", "--lang", "es", "-o", "out.jsonl"]
ALIGN = ["align", "--source", "en.conll", "--target", "es.txt", "-o", "out.jsonl"]


@pytest.mark.parametrize(
    ("command", "more", "field"),
    [
        (LABEL, ["--input-format", "conll"], "files.inputs"),
        (LABEL, ["--pivot", "deu_Latn"], "pivot"),
        (LABEL, ["--device", "cuda"], "device"),
        (LABEL, ["--bundle", "other"], "models"),
        (LABEL, ["--min-confidence", "0.5"], "files.min_confidence"),
        (LABEL, ["--system", "heuristic"], "system"),
        (LABEL, ["--option", "max_length=2"], "settings.max_length"),
        (LABEL, ["--format", "conll"], "files.format"),
        (LABEL, ["--beam-size", "2"], "translate.beam_size"),
        (LABEL, ["--batch-tokens", "99"], "batch_tokens"),
        (PROJECT, ["--source-format", "text"], "files.inputs"),
        (PROJECT, ["--target-format", "conll"], "files.inputs"),
        (PROJECT, ["--source-lang", "de"], "pivot"),
        (PROJECT, ["--target-lang", "it"], "language"),
        (PROJECT, ["--aligner", "simalign-itermax"], "align"),
        (PROJECT, ["--alignments", "en.pharaoh"], "belongs to a job on"),
        (ALIGN, ["--source-format", "text"], "files.inputs"),
        (ALIGN, ["--bundle", "other"], "models"),
    ],
)
def test_another_job_does_not_go_on(
    cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], more: list[str], field: str
) -> None:
    stop_after_the_first(cli, monkeypatch, *command)
    before = Path("out.jsonl").read_bytes()
    ran = cli(*command, *more)
    assert (ran.code, "--fresh" in ran.err, field in ran.err) == (3, True, True), ran.err
    assert Path("out.jsonl").read_bytes() == before
    ran = cli(*command, "--threads", "1")
    assert (ran.code, "resuming after the 1 record of" in ran.err) == (0, True), ran.err


def test_the_models_of_calibrated_matter_with_given_links_too(
    cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [*PROJECT, "--alignments", "en.pharaoh", "--system", "calibrated", "--option", "view=false"]
    stop_after_the_first(cli, monkeypatch, *command)
    ran = cli(*command, "--bundle", "other")
    assert (ran.code, "models was" in ran.err) == (3, True), ran.err


def test_a_finished_output_is_replaced_when_asked_to_alone(cli: Any, folder: Path) -> None:
    assert cli(*LABEL).code == 0
    good = Path("out.jsonl").read_bytes()
    ran = cli(*LABEL)
    assert (ran.code, "out.jsonl is there already" in ran.err) == (2, True)
    ran = cli(*LABEL, "--lang", "fr", "--fresh")
    assert (ran.code, "does not translate fra_Latn" in ran.err) == (2, True)
    assert "the system model-transfer labels without translating" in ran.err
    ran = cli(*LABEL, "--fresh", "--system", "easyproject")
    assert ran.code == 2
    assert Path("out.jsonl").read_bytes() == good
    assert cli(*LABEL, "--fresh").code == 0
    assert Path("out.jsonl").read_bytes() == good


def test_a_job_commits_while_it_waits(cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, written, now = Engine.run, [], [0.0]
    monkeypatch.setattr(committed, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def waiting_once(*args: Any, waiting: Any, **options: Any) -> Iterator[Any]:
        yield from islice(run(*args, **options), 1)
        now[0] = 10.0
        waiting()
        written.append(Path("out.jsonl").read_bytes())

    monkeypatch.setattr(Engine, "run", waiting_once)
    assert cli(*LABEL).code == 0
    assert written[0].count(b"\n") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["-o", "out.jsonl", "--rejects", "out.jsonl.journal"], "named twice, as rejects and as journal"),
        (["-o", "out.jsonl", "--stats", "out.jsonl"], "named twice, as output and as statistics"),
        (["-o", "out.jsonl", "--stats", "es.txt"], "named twice, as an input and as statistics"),
        (["-o", "out.jsonl", "--stats", "nodir/s.json"], "nodir is no folder"),
        (["-o", "out.jsonl", "--stats", "en.conll"], "en.conll is there already"),
        (["-o", "out.jsonl", "--rejects", "en.conll"], "en.conll is there already"),
        (["-o", "out.jsonl", "--rejects", "r.gz"], "no compressed file"),
        (["-o", "nodir/out.jsonl"], "cannot write"),
    ],
)
def test_files_that_a_job_cannot_write(cli: Any, folder: Path, more: list[str], message: str) -> None:
    ran = cli("label", "es.txt", "--lang", "es", *more)
    assert (ran.code, message in ran.err) == (2, True), ran.err
    assert sorted(path.name for path in folder.iterdir()) == ["en.conll", "en.pharaoh", "es.txt"]
    assert Path("es.txt").read_text() == TEXT


def test_a_compressed_output(cli: Any, folder: Path) -> None:
    assert cli(*LABEL[:-1], "out.jsonl.gz").code == 0
    rows = gzip.decompress(Path("out.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(row)["text"] for row in rows] == TEXT.splitlines()


SPANPORT = f"{sys.executable} -m spanport"


@pytest.mark.parametrize(
    ("command", "code", "said", "kept"),
    [
        ("label - --lang es --format text < es.txt > out", 0, "2 records", None),
        ("project --source - --target es.txt --lang es < en.conll > out", 2, "with --source-format", None),
        ("label es.txt --lang es -o - >&-", 2, "standard output is closed", None),
        ("label es.txt --lang es --format text -o /dev/stdout >> f.txt", 0, "2 records", b"kept\n"),
        ("label es.txt --lang es --format text -o - >> es.txt", 2, "named twice", None),
    ],
)
def test_standard_streams(folder: Path, command: str, code: int, said: str, kept: bytes | None) -> None:
    Path("f.txt").write_bytes(b"kept\n")
    ran = subprocess.run(f"{SPANPORT} {command}", shell=True, capture_output=True, text=True, check=False)
    assert (ran.returncode, said in ran.stderr) == (code, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert Path("es.txt").read_text() == TEXT
    assert Path("f.txt").read_bytes().startswith(b"kept\n")
    assert kept is None or Path("f.txt").read_bytes().count(b"\n") == 3
    assert not list(folder.glob("*.rejects.jsonl"))


def test_documents_of_sentences_go_on_as_documents(cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentencex")
    Path("news.txt").write_text("Ana vive en Sevilla. Ana llega.\n\nllega Ana Ruiz. ¿Ana? vive.\n")
    command = ["label", "news.txt", "--lang", "es", "--sentences", "-o"]
    assert cli(*command, "whole.jsonl").code == 0
    run = Engine.run

    def stopped(*args: Any, **options: Any) -> Iterator[Any]:
        yield from islice(run(*args, **options), 3)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", stopped)
        assert cli(*command, "out.jsonl").code == 130
    ran = cli(*command[:-2], "-o", "out.jsonl")
    assert (ran.code, "files.sentences was true" in ran.err) == (3, True), ran.err
    ran = cli(*command, "out.jsonl")
    assert (ran.code, "resuming after the 2 records" in ran.err) == (0, True), ran.err
    assert Path("out.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    first, _, third = map(json.loads, Path("out.jsonl").read_text().splitlines())
    assert first["text"] == "Ana vive en Sevilla. Ana llega."
    assert [(span["start"], span["label"]) for span in first["spans"]] == [(0, "PER"), (21, "PER")]
    assert third["spans"][0]["text"] == "Ana Ruiz"
    for record in (first, third):
        source = record["projection"]["source"]
        for span in record["spans"]:
            origin = span["source"]
            assert source[origin["start"] : origin["end"]] == origin["text"]
