"""Every page works as written: its commands and its Python run, its tables and pictures are those of the code."""

from __future__ import annotations

import re
import shlex
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from spanport.cli import console
from spanport.cli.app import run

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(
    r"^(?:<!-- ([a-z ]+): (.+?) -->\n)?```(\w+)(?: title=\"(.+?)\")?\n(.*?)^```", re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """A fenced block: ``note`` and ``why`` are the comment above it, such as "not run" and the reason."""

    note: str
    why: str
    language: str
    title: str
    code: str


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.findall(page.read_text("utf8")):
        yield Block(*found)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page):
        if block.note == "not run" or (block.note == "needs" and find_spec(block.why) is None):
            continue
        if block.title:
            Path(block.title).write_text(block.code, "utf8")
        elif block.language == "python":
            exec(compile(block.code, page.name, "exec"), names)
        elif block.language == "bash":
            for command in block.code.replace("\\\n", " ").splitlines():
                code = spanport(monkeypatch, shlex.split(command, comments=True))
                assert code == 0, f"{page.name}: {command}\n{capfd.readouterr().err}"


def spanport(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> int:
    """The exit code of a command, run in this process."""
    if not words:
        return 0
    assert words[0] == "spanport", f"not a command of ours: say why it is not run ({words})"
    console.stdout.cache_clear()
    console.stderr.cache_clear()
    monkeypatch.setattr(sys, "argv", words)
    return run()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_are_of_kinds_that_are_run_or_shown(page: Path) -> None:
    assert len(list(blocks(page))) == len(re.findall(r"^```\w", page.read_text("utf8"), re.MULTILINE))
    for block in blocks(page):
        assert block.note in ("", "not run", "needs")
        assert block.note != "needs" or block.why.isidentifier(), f"{block.why}: name one module"
        assert block.title or block.language in ("python", "bash"), block


def test_the_site_has_every_page() -> None:
    named = set(re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf8"), re.MULTILINE))
    assert named == {page.name for page in PAGES}


def test_links_and_pictures_are_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", page.read_text("utf8")):
            if "://" not in target:
                assert (page.parent / target).is_file(), f"{page.name}: {target}"
    for picture in (ROOT / "docs" / "images").glob("*.svg"):
        assert ET.parse(picture).getroot().tag.endswith("svg")


def test_the_table_of_formats_is_what_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert spanport(monkeypatch, ["spanport", "formats", "--markdown"]) == 0
    printed = capfd.readouterr().out.strip()
    assert printed in (ROOT / "docs" / "formats.md").read_text("utf8"), "run: spanport formats --markdown"


def test_the_architecture_page_names_every_room() -> None:
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "architecture.md").read_text("utf8"), re.MULTILINE)
    named = {room for row in rows for room in re.findall(r"`(\w+)`", row)}
    entries = (ROOT / "engine" / "spanport").iterdir()
    rooms = {path.stem for path in entries if path.suffix == ".py" or (path.is_dir() and path.name[0] != "_")}
    assert named == rooms - {"__init__", "__main__"}
