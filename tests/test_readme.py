"""What the README shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spanport.cli.app import application
from spanport.systems.base import system_names

README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf8")


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "('PER', 'Ana Ruiz')" in out
    assert "('LOC', 'Berlín')" in out


def test_every_command_is_there() -> None:
    import typer

    known = typer.main.get_command(application()).commands  # type: ignore[attr-defined]
    rows = re.findall(r"^\| `spanport ([\w\\|]+)", README, re.MULTILINE)
    shown = {name for row in rows for name in row.split("\\|")}
    assert shown == set(known)


def test_every_system_has_its_row() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE)) == set(system_names())
