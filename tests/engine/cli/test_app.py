"""The application around the commands: help with examples that hold, version and logging anywhere."""

from __future__ import annotations

import errno
import gc
import shlex
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import pytest
import typer

from spanport.cli.app import COMMANDS, SELDOM, application

ROOT: Any = typer.main.get_command(application())


def commands(command: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group with its name, the application first."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_a_command_is_built_alone_as_it_is_among_the_others() -> None:
    assert list(COMMANDS) == list(ROOT.commands)
    for name in COMMANDS:
        alone: Any = typer.main.get_command(application(name))
        ours, theirs = ([(one.opts, one.default) for one in root.commands[name].params] for root in (alone, ROOT))
        assert ours == theirs
        assert set(alone.commands) == {other for other in COMMANDS if COMMANDS[other] == COMMANDS[name]}


EVERY = [pytest.param(path, command, id=" ".join(path) or "spanport") for path, command in commands()]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_ends_with_an_example_that_the_command_takes(cli, path: tuple[str, ...], command: Any) -> None:
    for flag in ("--help", "-h"):
        ran = cli(*path, flag)
        assert ran.code == 0
        assert "Example: spanport" in ran.out or "Examples: spanport" in ran.out
    for example in command.epilog.partition(": ")[2].split("; "):
        name, *words = shlex.split(example)
        assert name == "spanport"
        assert tuple(words[: len(path)]) == path
        context = ROOT.make_context("spanport", words, resilient_parsing=True)
        rest, inner = [*context._protected_args, *context.args], ROOT
        while hasattr(inner, "commands"):
            inner, rest = inner.commands[rest[0]], rest[1:]
        inner.make_parser(context).parse_args(rest)  # raises for an option that is not there


@pytest.mark.parametrize(
    "path", [path for path, command in commands() if hasattr(command, "commands")], ids=lambda p: " ".join(p) or "-"
)
def test_no_command_prints_the_help_and_no_error(cli, path: tuple[str, ...]) -> None:
    ran = cli(*path)
    assert ran.code == 2
    assert "Usage: spanport" in ran.out
    assert ran.err == ""


def test_the_version_anywhere(cli) -> None:
    for arguments in (("--version",), ("label", "--version"), ("label", "in.txt", "--lang", "es", "--version")):
        ran = cli(*arguments)
        assert (ran.code, ran.out, ran.err) == (0, f"spanport {version('spanport')}\n", "")
    assert cli("label", "--lang", "es", "--", "--version").code == 2  # a file of that name, which is not there


def test_a_command_seldom_looks_for_cycles(cli) -> None:
    gc.set_threshold(700, 10, 10)
    assert cli("--version").code == 0
    assert gc.get_threshold() == SELDOM


def test_verbose_logs_what_the_engine_does(cli, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    (tmp_path / "in.txt").write_text("Ana vive en Sevilla\n")
    quiet = cli("label", tmp_path / "in.txt", "--lang", "es")
    assert "stage" not in quiet.err
    monkeypatch.setattr(logging.root, "handlers", [])
    loud = cli("label", tmp_path / "in.txt", "--lang", "es", "-v")
    assert "DEBUG spanport.stream.batches: translate: batch of 1, cost" in loud.err
    assert loud.out == quiet.out


def test_a_misspelt_option_is_refused_with_the_way_to_the_help(cli) -> None:
    ran = cli("label", "in.txt", "--lange", "es")
    assert ran.code == 2
    assert "spanport label --help" in ran.err
    assert "--lang" in ran.err


def test_models_for_commercial_use_are_listed_alone(cli: Callable[..., Any]) -> None:
    every, allowed = cli("models", "list"), cli("models", "list", "--commercial")
    assert (every.code, allowed.code) == (0, 0)
    assert "nllb-600m" in every.out
    assert "CC-BY-NC-4.0" in every.out
    assert "nllb" not in allowed.out
    assert "m2m100-418m" in allowed.out
    assert "mini" in every.out
    assert "mini" not in allowed.out, "no card says that its licence allows it"


def test_a_full_disk_is_an_error_in_words(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/model.onnx")

    monkeypatch.setattr("spanport_models.export.export_pipeline", full)
    ran = cli("export", "pipeline", "out", "--encoder", "mini")
    assert ran.code == 3
    assert "error: No space left on device at /data/model.onnx; free some space" in ran.err
