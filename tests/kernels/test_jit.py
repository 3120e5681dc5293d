"""How kernels are compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import config, njit

from spanport_kernels import jit


def total(values: jit.Array) -> int:
    """A kernel, uncompiled."""
    result = 0
    for value in values:
        result += value
    return result


@pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
def test_a_kernel_is_compiled_once_at_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def counted(**options: Any) -> Any:
        compiled.append(options)
        return njit(**options)

    monkeypatch.setattr(jit, "njit", counted)
    kernel = jit.kernel(jit.I64, jit.IN_I64)(total)
    assert not compiled
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kernel, [np.arange(n) for n in range(8)])) == [n * (n - 1) // 2 for n in range(8)]
    assert len(compiled) == 1


@pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
def test_the_cache_sees_every_file_of_the_package(tmp_path: Path) -> None:
    """A helper in another file is changed, its caller is not."""
    package = tmp_path / "spanport_kernels"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(jit.__file__).parent, package, ignore=ignored)
    (package / "caller.py").write_text(
        "from spanport_kernels.jit import I64, kernel\nfrom spanport_kernels.called import value\n"
        "@kernel(I64, I64)\ndef call(n):\n    return value(n)\n"
    )
    code = (
        "from spanport_kernels.caller import call; stats = call.load().stats; print(call(3), len(stats.cache_hits))"
    )
    printed = []
    for factor in (2, 2, 5):
        helper = f"from spanport_kernels.jit import helper\n@helper\ndef value(n):\n    return n * {factor}\n"
        (package / "called.py").write_text(helper)
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=own(tmp_path), capture_output=True, text=True
        )
        printed.append(ran.stdout.strip() or ran.stderr)
    assert printed == ["6 0", "6 1", "15 0"]


@pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
def test_what_was_compiled_takes_the_place_of_the_kernel_in_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = jit.kernel(jit.I64, jit.IN_I64)(total)
    monkeypatch.setitem(globals(), "total", kernel)
    assert total(np.arange(4)) == 6
    assert globals()["total"] is kernel.load() is not kernel
    assert kernel(np.arange(5)) == 10


def own(folder: Path) -> dict[str, str]:
    """The environment of a process that imports from a folder and caches there."""
    return {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}


def test_a_kernel_takes_its_own_types_alone() -> None:
    kernel = jit.kernel(jit.I64, jit.IN_I64)(total)
    frozen = np.arange(4)
    frozen.flags.writeable = False
    assert kernel(frozen) == 6
    if not config.DISABLE_JIT:
        with pytest.raises(TypeError):
            kernel(np.arange(4.0))
    assert kernel.__name__ == "total"
