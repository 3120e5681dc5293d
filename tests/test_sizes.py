"""Files stay short enough to be read at a sitting, functions short enough to be seen at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOTS = ("engine", "kernels", "models", "benchmarks", "tests")
MOST_LINES, MOST_OF_A_FUNCTION = 250, 60


def sources() -> list[Path]:
    return sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def functions(path: Path) -> list[tuple[str, int]]:
    """Each function of a file with its number of lines."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            found.append((node.name, node.end_lineno - node.lineno + 1))
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    lines = len(path.read_text("utf8").splitlines())
    assert lines <= MOST_LINES, f"{name} has {lines} lines; cut it in two"
    for function, length in functions(path):
        assert length <= MOST_OF_A_FUNCTION, f"{name}::{function} has {length} lines; cut it in two"
