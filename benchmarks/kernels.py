"""Every kernel: sentences per second, and ratios side by side in one run.

    OMP_NUM_THREADS=1 pytest benchmarks/kernels.py --benchmark-enable -s

Matching, readers and writers run on, with ``SPANPORT_DATA`` set, the 14,987 training sentences of ``conll-parallel``
en->es with awesome-align's links, otherwise on made-up sentences of the same sizes; similarity, extraction and
heuristic projection on 64 made-up pairs of 20 to 52 vectors of 768 values.

How many times faster than the others the kernels are: ``x twin`` than the naive twin; ``x CP-SAT`` than OR-Tools
CP-SAT on the trimmed candidates with one at-most-one constraint per target word, model building included (both on
every 100th sentence); ``x simalign`` than that package's own functions, where it is installed. ``of product``: the
time over that of the bare BLAS products of the same shapes, 1.00 being as fast. A tangle is one sentence of so many
entities and words in which everything overlaps; what the kernel hands over goes to CP-SAT with its time limit.

CPU time of one thread, from arrays (bytes for the readers) to arrays, best of 25 rounds (of 3 for the others and for
tangles). Left out: process start, compilation, files, encoders, the conversion of records to arrays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import kernels_matching
import kernels_similarity
import pytest
import sentences

CASES = {**kernels_similarity.CASES, **kernels_matching.CASES}
OTHERS = ("twin", "CP-SAT", "simalign")
OF_PRODUCT = ("product", "similarity", *kernels_similarity.ALIGNED, "match")


@pytest.fixture(scope="module")
def times() -> Iterator[dict[str, float]]:
    """Best time per sentence of every case in seconds; prints the table at the end."""
    best: dict[str, float] = {}
    yield best
    sort = "real" if sentences.real() else "made up"
    print(f"\n{kernels_matching.B:,} sentences ({sort}), {kernels_similarity.PAIRS} pairs of vectors")
    print(f"{'':28}{'sentences/s':>13}{'of product':>12}" + "".join(f"{'x ' + other:>12}" for other in OTHERS))
    for name, seconds in best.items():
        if name.startswith(OTHERS):
            continue
        cells = [f"{seconds / best['product']:.2f}" if name in OF_PRODUCT and "product" in best else ""]
        for other in OTHERS:
            slower = best.get(f"{other} {name}")
            cells.append(f"{slower / seconds:,.0f}" if slower else "")
        print(f"{name:28}{1 / seconds:13,.0f}{''.join(f'{cell:>12}' for cell in cells)}".rstrip())


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("case", list(CASES))
def test_time(case: str, times: dict[str, float], benchmark: Any) -> None:
    run, count = CASES[case]
    slow = case.startswith((*OTHERS, "tangle"))
    benchmark.pedantic(run, rounds=3 if slow else 25, warmup_rounds=1, iterations=1)
    if benchmark.stats is not None:
        times[case] = benchmark.stats.stats.min / count
