"""Options of systems on the command line reach the system as they are written, or are refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spanport.cli.arguments import engine


@pytest.fixture
def half(tmp_path: Path) -> list[object]:
    """An entity of two words of which one is aligned: above a threshold of .4, below one of .8."""
    (tmp_path / "en.conll").write_text("Ana B-PER\nRuiz I-PER\nleft O\n\n")
    (tmp_path / "es.txt").write_text("Ana salió\n")
    (tmp_path / "links").write_text("0-0 2-1\n")
    files = ["--source", tmp_path / "en.conll", "--target", tmp_path / "es.txt", "--alignments", tmp_path / "links"]
    return ["project", *files, "--target-lang", "es", "--system", "heuristic", "--format", "jsonl"]


@pytest.mark.parametrize(
    ("value", "spans"), [(None, 0), ("0.8", 0), ("null", 1), ("0.4", 1), (".4", 1), (".5", 0), ("1", 0)]
)
def test_every_value_reaches_the_system(cli, half: list[object], value: str | None, spans: int) -> None:
    ran = cli(*half, *(["--option", f"threshold={value}"] if value else []))
    assert ran.code == 0, ran.err
    assert len(json.loads(ran.out)["spans"]) == spans


def test_what_does_not_fit_is_refused_before_the_work(cli, half: list[object]) -> None:
    for option, message in (
        ("threshold=off", "threshold='off': expected float | null, got str"),
        ("threshold=-1", "threshold=-1: expected float >= 0"),
        ("threshold", "'threshold': expected NAME=VALUE"),
        ("order=up", "order='up': expected 'given' or 'length_asc'"),
    ):
        ran = cli(*half, "--option", option)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err


def test_batches_of_commands_depend_on_the_input_alone() -> None:
    made = engine("mini", "cpu", 3, resident="one")
    assert (made.stream_options.linger, made.stream_options.workers, made.stream_options.resident) == (None, 3, "one")
