"""Whatever names and labels hold, it reaches the terminal as text, never as commands to it."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path

import pytest

import spanport.cli
from spanport.cli import console
from spanport.cli.console import marked, safe
from spanport.types import Span

HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e"
SHOWN = "\\u001b]0;owned\\u0007\\u001b[31m\\u009b2J\\u202e"


def clean(text: str) -> bool:
    return not any(sign in text for sign in "\x1b\x07\x9b\u202e\r") and ("\\u001b" in text or "\\x1b" in text)


def test_safe_keeps_text_and_shows_the_rest() -> None:
    assert safe("Zoë\tal-Qāhira القاهرة\u200f 東京\n") == "Zoë\tal-Qāhira القاهرة\u200f 東京\n"
    assert safe(HOSTILE) == SHOWN
    assert safe("a\rb\x00\x7f\x85\u2028\udcff") == "a\\u000db\\u0000\\u007f\\u0085\\u2028\\udcff"
    for code in [*range(9), *range(11, 32), *range(127, 160)]:
        assert safe(chr(code)) == f"\\u{code:04x}"


def test_marked_text_is_safe_span_by_span() -> None:
    assert marked("a\x1bb c\x07", [Span(0, 3, "P\x1bER")]).plain == "a\\u001bb P\\u001bER c\\u0007"


def test_file_names_labels_and_reasons(cli, tmp_path: Path) -> None:
    gold = tmp_path / f"{HOSTILE}[bold].conll"
    gold.write_text(f"Ana B-{HOSTILE}\nvive O\n\n")
    ran = cli("evaluate", gold, gold)
    assert ran.code == 0
    assert clean(ran.out)
    ran = cli("evaluate", gold, tmp_path / f"{HOSTILE}[/bold].conll")
    assert ran.code != 0
    assert clean(ran.err)
    assert "[/bold]" in ran.err
    ran = cli("compare", gold, "--lang", "es", "--systems", "ngram")
    assert ran.code == 0, ran.err
    assert clean(ran.out)
    bad = tmp_path / f"{HOSTILE}.jsonl"
    bad.write_text(json.dumps({"text": "Ana", "spans": [{"start": 0, "end": 9, "label": HOSTILE}]}) + "\n")
    (tmp_path / "es.txt").write_text("Ana\n")
    files = ("--source", bad, "--target", tmp_path / "es.txt", "-o", tmp_path / f"{HOSTILE}out.jsonl")
    ran = cli("project", *files, "--target-lang", "es")
    assert ran.code == 1
    assert clean(ran.err)


def test_manifests_and_arguments(cli, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": HOSTILE}))
    for arguments in (
        ("models", "show", tmp_path),
        ("models", "show", HOSTILE),
        ("label", "--" + HOSTILE),
        (HOSTILE,),
    ):
        ran = cli(*arguments)
        assert ran.code in (2, 3)
        assert clean(ran.err)


def test_json_is_json_still(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({HOSTILE: "ß"})
    out = capsys.readouterr().out
    assert clean(out)
    assert json.loads(out) == {HOSTILE: "ß"}


def test_what_is_logged(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    console.log_to_stderr(verbose=False)
    logging.getLogger("spanport.x").warning("in %s", HOSTILE)
    assert clean(capsys.readouterr().err)


def test_only_the_console_prints() -> None:
    """Commands print through functions that know `safe`; the progress bar shows numbers and names of our stages."""
    for path in Path(spanport.cli.__path__[0]).glob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf8"))) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(ast.parse(path.read_text("utf8"))) if isinstance(node, ast.Name)}
        if path.name not in ("console.py", "progress.py"):
            assert not names & {"stdout", "stderr", "print", "echo", "secho"}, path.name
