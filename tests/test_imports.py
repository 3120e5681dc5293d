"""Who may import whom, what the public names are, and that importing is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spanport

ROOT = Path(__file__).resolve().parents[1]
OURS = ("spanport", "spanport_kernels", "spanport_models")
LAYERS = {  # first part of a module's path in spanport -> what it may import of ours
    "types": {"errors", "labels", "shown", "formats.fields"},  # the last two when they are asked for
    "shown": {"report", "types"},  # when a notebook asks for HTML, and for types alone
    "labels": {"errors"},
    "errors": {"spanport_models.errors"},
    "ports": set(),
    "checked": {"errors"},
    "options": {"checked"},
    "languages": {"errors", "spanport_models.scripts"},
    "words": {"errors", "languages", "types"},
    "work": {"errors", "languages", "ports", "stream", "types"},
    "detokenize": {"languages", "types"},
    "ragged": {"ports"},
    "encoding": {
        *("encoding", "errors", "labels", "options", "ports", "ragged", "types", "work"),
        *("spanport_kernels", "spanport_models.batching"),
    },
    "matching": {
        *("detokenize", "encoding", "errors", "labels", "matching", "options", "ports", "ragged", "types", "work"),
        "spanport_kernels",
    },
    "systems": {
        *("checked", "detokenize", "encoding", "errors", "labels", "languages", "matching", "models", "options"),
        *("ports", "ragged", "systems", "types", "words", "work", "spanport_kernels"),
    },
    "memory": {"errors"},
    "job": {"formats", "options"},
    "output": {"errors", "output", "shown"},
    "stream": {"errors", "memory", "options", "stream", "spanport_models.batching", "spanport_models.devices"},
    "formats": {"errors", "formats", "labels", "languages", "types", "words"},
    "evaluate": {"errors", "evaluate", "types"},
    "report": {"evaluate", "report", "shown", "types", "words"},
}


def modules(package: str, root: str) -> list[tuple[str, Path]]:
    base = ROOT / root / package
    return [(".".join(p.relative_to(base).with_suffix("").parts), p) for p in sorted(base.rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports, ``if TYPE_CHECKING`` included, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


@pytest.mark.parametrize(("module", "path"), modules("spanport_kernels", "kernels"))
def test_kernels_import_kernels_only(module: str, path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} <= {"spanport_kernels"}


@pytest.mark.parametrize(("module", "path"), modules("spanport_models", "models"))
def test_models_import_models_only(module: str, path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} <= {"spanport_models"}


@pytest.mark.parametrize(("module", "path"), modules("spanport", "engine"))
def test_layers_of_the_engine(module: str, path: Path) -> None:
    layer = module.split(".")[0]
    if layer not in LAYERS:
        return
    for name in imported(path):
        inner = name.removeprefix("spanport.")
        assert any(inner == allowed or inner.startswith(allowed + ".") for allowed in LAYERS[layer]), (
            f"{module} imports {name}"
        )


def test_only_api_and_models_know_the_models() -> None:
    shared = {f"spanport_models.{name}" for name in ("errors", "devices", "batching", "scripts")}  # one each
    users = {
        module
        for module, path in modules("spanport", "engine")
        if any(name.startswith("spanport_models") for name in imported(path) - shared)
    }
    assert {m.split(".")[0] for m in users} <= {"api", "models", "cli", "bench", "training"}


def test_only_cli_prints() -> None:
    for module, path in modules("spanport", "engine"):
        calls = [n.func for n in ast.walk(ast.parse(path.read_text("utf8"))) if isinstance(n, ast.Call)]
        if module.split(".")[0] != "cli":
            assert not any(isinstance(f, ast.Name) and f.id == "print" for f in calls), module


def test_public_names_resolve() -> None:
    assert sorted(spanport.__all__) == list(spanport.__all__)
    for name in spanport.__all__:
        assert getattr(spanport, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Engin'"):
        _ = spanport.Engin


def test_importing_loads_no_runtime() -> None:
    heavy = ("numpy", "numba", "onnxruntime", "ctranslate2", "tokenizers", "ortools", "torch", "transformers", "rich")
    ours = "sys, spanport, spanport.errors, spanport_models.devices"
    code = f"import {ours}; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
