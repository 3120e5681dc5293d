"""How much of the cores' time the engine leaves unused: its pipeline on simulated cores, models and text made up.

    python benchmarks/schedule.py [--sentences 1517] [--cores 2] [--passes 1 2 4 8]

Stages take the time of the bundled models, by tokens with padding, and hold one of the cores for it, in slices of ten
milliseconds, as an operating system would hand them out; so nothing but the schedule is measured, on a busy machine
too (all but the waits for a core of one's own). ``--passes`` is `spanport.plan.PASSES`: batches of few passes end
together, those of many need less padding.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from spanport.encoding.embed import passes as passes_of
from spanport.options import StreamOptions
from spanport.stream import Stage, run_stages

SCALE = 0.2
"""Seconds here for a second of the models."""
SLICE = 0.01
TRANSLATED, ENCODED = 2700.0, 9200.0
"""Padded tokens per second of a core, measured on one of AMD Zen 3 without VNNI."""
PYTHON = 0.0001
"""Seconds of a sentence in each stage without a model."""
BUDGET = 1024
Run = Callable[[Sequence["Text"]], Sequence["Text"]]


class Text:
    """A sentence: how long it is, and its translation."""

    def __init__(self, rng: random.Random) -> None:
        self.ids = range(min(120, max(3, round(rng.lognormvariate(math.log(30), 0.6)))))
        self.source = range(max(3, round(len(self.ids) * rng.uniform(0.75, 1.2))))


class Side:
    """One side of a pair, as batching sees it."""

    def __init__(self, ids: range) -> None:
        self.ids = ids


class Cores:
    """So many threads may work at once."""

    def __init__(self, count: int) -> None:
        self._free, self._lock, self.used = threading.Semaphore(count), threading.Lock(), 0.0

    def work(self, seconds: float) -> None:
        """Hold a core for as long, in slices."""
        seconds *= SCALE
        while seconds > 0:
            with self._free:
                started = time.perf_counter()
                time.sleep(min(SLICE, seconds))
                held = time.perf_counter() - started
            seconds -= held
            with self._lock:
                self.used += held


def encoding(texts: Sequence[Text]) -> float:
    """Seconds of encoding both sides, each in passes of its own."""
    padded = 0
    for side in ([Side(text.ids) for text in texts], [Side(text.source) for text in texts]):
        rows = [[len(side[i].ids) for i in row] for row in passes_of(side, BUDGET)]
        padded += sum(max(row) * len(row) for row in rows)
    return padded / ENCODED


def translating(texts: Sequence[Text]) -> float:
    """Seconds of translating one batch."""
    return max(len(text.ids) for text in texts) * len(texts) / TRANSLATED


def idle(texts: Sequence[Text], count: int, passes: int) -> float:
    """Share of the cores' time that the engine leaves unused."""
    cores = Cores(count)

    def step(name: str, seconds: Callable[[Sequence[Text]], float], **options: Any) -> Stage:
        def run(items: Sequence[Text]) -> Sequence[Text]:
            cores.work(seconds(items))
            return items

        return Stage(name, run, cost=lambda text: len(text.ids) + (name == "encode") * len(text.source), **options)

    def python(name: str) -> Stage:
        return step(name, lambda items: PYTHON * len(items), budget=200_000)

    stages = [
        python("words"),
        step("translate", translating, budget=BUDGET, workers=count),
        python("tokenize"),
        step("encode", encoding, budget=passes * BUDGET, workers=count),
        python("match"),
    ]
    started = time.perf_counter()
    for _ in run_stages(texts, stages, StreamOptions(linger=None)):
        pass
    return 1 - cores.used / (count * (time.perf_counter() - started))


def main() -> None:
    """Print a row for each number of passes, medians of three rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1517)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 2, 4, 8])
    arguments = parser.parse_args()
    rng = random.Random(1)
    texts = [Text(rng) for _ in range(arguments.sentences)]
    print("| passes in a batch | cores idle |")
    print("|---|---|")
    for passes in arguments.passes:
        rounds = [idle(texts, arguments.cores, passes) for _ in range(3)]
        print(f"| {passes} | {statistics.median(rounds):.1%} |", flush=True)


if __name__ == "__main__":
    main()
