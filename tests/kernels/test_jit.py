"""How kernels are compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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

    def counted(*arguments: Any, **options: Any) -> Any:
        compiled.append(arguments)
        return njit(*arguments, **{**options, "cache": False})

    monkeypatch.setattr(jit, "njit", counted)
    kernel = jit.kernel(jit.I64, jit.IN_I64)(total)
    assert not compiled
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kernel, [np.arange(n) for n in range(8)])) == [n * (n - 1) // 2 for n in range(8)]
    assert len(compiled) == 1


def test_a_kernel_takes_its_own_types_alone() -> None:
    kernel = jit.kernel(jit.I64, jit.IN_I64)(total)
    frozen = np.arange(4)
    frozen.flags.writeable = False
    assert kernel(frozen) == 6
    if not config.DISABLE_JIT:
        with pytest.raises(TypeError):
            kernel(np.arange(4.0))
    assert kernel.__name__ == "total"
