"""Whole commands over bad input: what is rejected, refused, and with which exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from job_cases import SOURCE, project, rejects


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("links.pharaoh", "0-0\n0-9\n", 7, "link 0-9: the target has 2 words"),
        ("links.pharaoh", "0-0\n-1-0\n", 7, "negative index"),
        ("links.pharaoh", "0-0\n0:1\n", 7, "malformed"),
        ("es.txt", b"Ana Ruiz vive en Sevilla\nllega \xff Ana\n", 7, "not valid UTF-8"),
        ("en.conll", SOURCE.replace("arrives O", "arrives"), 7, "no label"),
        ("en.conll", SOURCE.replace("arrives O", "arrives X-VERB"), 7, "X-VERB"),
    ],
)
def test_bad_records_are_rejected_in_place(
    cli, parallel: Path, name: str, content: str | bytes, line: int, reason: str
) -> None:
    (parallel / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = cli(*project(parallel, "--alignments", parallel / "links.pharaoh"))
    assert ran.code == 1, ran.err
    (reject,) = rejects(parallel)
    assert reject["line"] == line
    assert reason in reject["error"]
    assert reject["record"]
    assert (parallel / "out.conll").read_text().startswith("Ana\tB-PER\nRuiz\t")
    assert "1 rejected, see" in ran.err
    assert reason in ran.err


def test_jsonl_spans_that_overlap_or_run_past_the_text(cli, parallel: Path) -> None:
    rows = [
        {
            "text": "Ana Ruiz",
            "spans": [{"start": 0, "end": 5, "label": "PER"}, {"start": 4, "end": 8, "label": "PER"}],
        },
        {"text": "Ana", "spans": [{"start": 0, "end": 30, "label": "PER"}]},
        {"text": "Ana", "spans": [{"start": 0, "end": 3, "label": "PER"}]},
    ]
    (parallel / "en.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (parallel / "es.txt").write_text("Ana Ruiz\nAna\nAna\n")
    arguments = ["project", "--source", parallel / "en.jsonl", "--target", parallel / "es.txt", "--target-lang", "es"]
    ran = cli(*arguments, "-o", parallel / "out.jsonl")
    assert ran.code == 1
    assert [r["line"] for r in rejects(parallel, "out.jsonl")] == [1, 2]
    assert len((parallel / "out.jsonl").read_text().splitlines()) == 1


def test_a_line_of_100_000_characters_is_rejected_by_label_and_fine_for_project(cli, parallel: Path) -> None:
    long = "palabra " * 12_500
    (parallel / "es.txt").write_text(f"Ana vive\n{long}\nAna\n")
    ran = cli("label", parallel / "es.txt", "--lang", "es", "-o", parallel / "out.jsonl")
    assert ran.code == 1
    (reject,) = rejects(parallel, "out.jsonl")
    assert reject["line"] == 2
    assert "split it into sentences" in reject["error"]
    (parallel / "es.txt").write_text(f"Ana vive\n{long}\n")
    (parallel / "links.pharaoh").write_text("0-0\n0-12499\n")
    ran = cli(*project(parallel, "--alignments", parallel / "links.pharaoh"))
    assert ran.code == 0, ran.err
    assert (parallel / "out.conll").read_text().endswith("palabra\tB-PER\n\n")


def test_files_of_different_lengths(cli, parallel: Path) -> None:
    (parallel / "es.txt").write_text("Ana Ruiz\n")
    ran = cli(*project(parallel))
    assert ran.code == 3
    assert "en.conll has 2" in ran.err
    assert "es.txt has 1" in ran.err
    assert (parallel / "out.conll").read_text().startswith("Ana\tB-PER")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["label", "in.txt", "--lang", "spa_Lat"], "did you mean spa_Latn"),
        (["label", "missing.txt", "--lang", "es"], "missing.txt"),
        (["label", "in.txt"], "--lang"),
        (["label", "in.txt", "--lang", "es", "--system", "ngramm"], "unknown system 'ngramm'"),
        (["label", "in.xyz", "--lang", "es"], "names no format"),
        (["label", "in.txt", "--lang", "es", "-o", "out.xyz"], "names no format"),
        (["label", "in.txt", "--lang", "es", "-o", "in.txt"], "in.txt is named twice"),
        (["lable", "in.txt"], "Did you mean 'label'"),
        (["evaluate", "in.txt", "missing.conll"], "missing.conll"),
    ],
)
def test_usage_errors(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("Ana\n")
    ran = cli(*arguments)
    assert ran.code == 2, ran.err
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert Path("in.txt").read_text() == "Ana\n"


def test_full_disk(cli, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full, a device that is always full")
    (tmp_path / "in.txt").write_text("Ana\n")
    ran = cli(
        "label",
        tmp_path / "in.txt",
        "--lang",
        "es",
        "--format",
        "jsonl",
        "-o",
        "/dev/full",
        "--rejects",
        tmp_path / "r",
    )
    assert ran.code == 3
    assert "No space left on device" in ran.err
