"""docs/training.md has the tables that the benchmark prints from committed results; each row is of a task of it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "benchmarks" / "results" / "training.jsonl"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield lambda name: importlib.import_module(f"training_tables.{name}")
    for name in [name for name in sys.modules if name.startswith("training_tables")]:
        del sys.modules[name]


def test_the_page_has_the_tables_of_the_results(tables: Any) -> None:
    results = tables("results")
    page = (ROOT / "docs" / "training.md").read_text("utf8")
    printed = results.tables_of(results.read_rows(ROWS))
    assert printed.strip() in page, "run: python benchmarks/training.py plot, and put what it prints into the page"


def test_rows_are_of_tasks(tables: Any) -> None:
    known = {(task.table, task.name, task.language): task for task in tables("tasks").tasks()}
    for row in tables("results").read_rows(ROWS):
        task = known[row.table, row.name, row.language]
        assert (tuple(row.f1), row.words) == (task.tests, task.words)


def test_cells_means_and_published_figures(tables: Any) -> None:
    results = tables("results")
    rows = [
        results.Row("native", "direct", "all", seed, {"conll/es": (f1, 0, 1), "conll/de": (0.5, 0, 1)}, 9, 2.0, "b")
        for seed, f1 in ((1, 0.6), (2, 0.7))
    ]
    table = results.table_of("native", rows)
    assert "| direct | 0.650 (0.600 to 0.700) | 0.500 (0.500 to 0.500) | 0.575 | 9 |" in table
    assert "| published: mBERT, teacher | 0.769 | 0.732 | 0.751 |  |" in table
    asked = results.Row(
        "recall", "masked", "lug", 1, {"masakhaner2/lug": (0.5, 0, 1)}, 9, 1.0, "b", {"masakhaner2/lug": 0.4}
    )
    assert "| masked | 0.500 | 9 | 0.400 |" in results.table_of("recall", [asked])
    timed = results.Row("native", "label", "all", 1, {"conll/es": (0.5, 0, 1)}, 0, 0.0, "b", speed=81.6)
    assert "| label | 0.500 | 0 | 82 |" in results.table_of("native", [timed])
    curve = results.curve_of(
        [
            results.Row("sources", name, "all", 1, {"uner/sr": (f1, 0, 1)}, 9, 1.0, "b")
            for name, f1 in (("1: en", 0.4), ("2: en+pt", 0.5), ("2, one teacher each, uniform", 0.6))
        ]
    )
    assert curve == {"all together, uner/sr": [(1, 0.4), (2, 0.5)], "one teacher each, uniform, uner/sr": [(2, 0.6)]}
