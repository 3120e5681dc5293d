"""The documented example of a new system is short, runs, and is all that is needed; the table names every system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_sentences import found, sentence
from fakes import FakeModels
from spanport import Engine
from spanport.compare import parse_systems
from spanport.errors import UsageError
from spanport.systems import base
from spanport.types import Pair
from spanport.work import Work

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "systems.md").read_text("utf8")
EXAMPLE, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def example() -> Iterator[None]:
    exec(compile(EXAMPLE, "docs/systems.md", "exec"), {"__name__": "example"})
    yield
    del base._table["copies"]


def test_the_example_is_under_40_lines() -> None:
    assert len(EXAMPLE.splitlines()) < 40


@pytest.mark.usefixtures("example")
def test_a_system_is_one_file() -> None:
    engine = Engine(FakeModels())  # type: ignore[arg-type]
    pairs = [Pair(sentence("[PER Ana] is in [LOC Po]"), sentence("Ana está en Po", "spa_Latn"))]
    (result,) = eval(USE, {"engine": engine, "pairs": pairs})
    assert found(result) == [("PER", "Ana")]
    with pytest.raises(UsageError, match="shortes"):
        next(engine.project(pairs, system="copies", options={"shortes": 3}))
    (spec,) = parse_systems("copies:shortest=2")
    assert found(spec.make().project([Work(pairs[0].source, pairs[0].target)])[0]) == [("PER", "Ana"), ("LOC", "Po")]


def test_the_page_lists_every_system_that_ships() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert set(base.system_names()) <= rows
