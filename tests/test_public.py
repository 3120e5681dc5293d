"""What is public is what the API page lists, and the documentation imports nothing else."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import spanport
from spanport import Engine

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LISTED = re.findall(
    r"^::: (spanport(?:\.[a-z]+)*)\.(\w+)$", (ROOT / "docs" / "api.md").read_text("utf8"), re.MULTILINE
)
MODULES = sorted({module for module, _ in LISTED})


@pytest.mark.parametrize("module", MODULES)
def test_the_page_lists_what_a_module_exports(module: str) -> None:
    exported = import_module(module).__all__
    assert list(exported) == sorted(exported)
    assert [name for home, name in LISTED if home == module] == list(exported)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_there_and_says_what_it_is(module: str) -> None:
    for name in import_module(module).__all__:
        found = getattr(import_module(module), name)
        assert not callable(found) or found.__doc__, f"{module}.{name} has no docstring"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_import_what_is_public(document: Path) -> None:
    public = {(module, name) for module, name in LISTED}
    for code in re.findall(r"^```python\n(.*?)^```", document.read_text("utf8"), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0].startswith("spanport"):
                for alias in node.names:
                    assert (node.module, alias.name) in public, f"{document.name}: {node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                ours = {alias.name for alias in node.names if alias.name.split(".")[0].startswith("spanport")}
                assert ours <= set(MODULES)


def test_the_package_shows_its_names_and_version() -> None:
    assert dir(spanport) == sorted([*spanport.__all__, "__version__"])
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", spanport.__version__)


def test_an_engine_says_what_it_runs_on() -> None:
    assert repr(Engine.from_bundle("mini", device="cpu")) == "<Engine 'mini' on cpu>"


def test_docstrings_speak_one_dialect() -> None:
    """Names stand in single backticks: no roles, no tilde, no numpy underlines."""
    for folder in ("engine", "kernels", "models"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf8")
            assert not re.search(
                r":(?:meth|func|class|data|mod|attr|obj|exc):`|`~\w|^ +-{4,}$", text, re.MULTILINE
            ), path
