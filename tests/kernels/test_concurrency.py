"""Kernels from several threads and in child processes."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from batches import rows

from spanport_kernels import extract
from spanport_kernels.ragged import offsets_of

Edges = list[list[tuple[int, ...]]]


def aligned(seed: int) -> Edges:
    """A batch of pairs, aligned."""
    rng = np.random.default_rng(seed)
    source, target = offsets_of(rng.integers(1, 20, 8)), offsets_of(rng.integers(1, 20, 8))
    a, b = rng.normal(size=(source[-1], 16)), rng.normal(size=(target[-1], 16))
    return rows(extract.align(a, source, b, target, "itermax"))


def test_threads_do_not_disturb_each_other() -> None:
    alone = [aligned(seed) for seed in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(aligned, range(24))) == alone


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_child_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    program = [sys.executable, str(Path(__file__).with_name("child_processes.py")), method]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("same", 0), done.stderr
