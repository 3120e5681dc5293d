"""Run as a program with a start method: aligns here and in two child processes, prints whether all agree.

A program of its own, because a fork of the test process would inherit the locks of whatever threads the other
tests' libraries have started, which are not the kernels'.
"""

from __future__ import annotations

import multiprocessing
import sys

import numpy as np

from spanport_kernels import extract
from spanport_kernels.ragged import offsets_of


def aligned(seed: int) -> list[list[int]]:
    """A batch of pairs, aligned: the values of every array of the result."""
    rng = np.random.default_rng(seed)
    source, target = offsets_of(rng.integers(1, 20, 8)), offsets_of(rng.integers(1, 20, 8))
    a, b = rng.normal(size=(source[-1], 16)), rng.normal(size=(target[-1], 16))
    edges = extract.align(a, source, b, target, "itermax")
    return [np.asarray(part).ravel().tolist() for part in (edges.values, edges.offsets)]


if __name__ == "__main__":
    here = [aligned(1), aligned(2)]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print("same" if pool.map(aligned, [1, 2]) == here else "different")
