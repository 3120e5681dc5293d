"""What Ray adds: one process against actors on this machine, over the same parts, in turns.

    python benchmarks/cluster.py [--rows 4000] [--rounds 2] [--bundle mini]

Parquet parts of generated Spanish news are read, labelled and written by one process with one thread, by one with two
threads, by one actor of one core and by two. Starting Ray and the actors' models is timed apart: a corpus pays for it
once. Prints rows per second of wall time, which a busy machine spoils, and CPU seconds of the labelling processes a
thousand rows, which it does not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spanport import Engine
from spanport.bench import generate
from spanport.cli.demo import sample
from spanport.integrations.parts import Folder, Part, plan
from spanport.integrations.ray import Label
from spanport.integrations.ray_job import LabelPart, PartDone, Share, connect, run_parts
from spanport.options import StreamOptions

PARTS = 20


def corpus(folder: Path, rows: int) -> list[Part]:
    texts = generate([sentence.text for sentence in sample() if sentence.language == "spa_Latn"], rows)
    for i in range(PARTS):
        pq.write_table(pa.table({"text": texts[i::PARTS]}), folder / f"news-{i:02d}.parquet")
    return plan([str(folder)])[0]


def label_of(bundle: str, threads: int) -> dict[str, Any]:
    stream = StreamOptions(workers=threads, linger=None)
    return {"bundle": Engine.from_bundle(bundle, device="cpu", threads=threads, stream=stream), "lang": "es"}


def alone(parts: list[Part], label: dict[str, Any], out: str) -> Callable[[], object]:
    worker = LabelPart(label, out)
    Label(**label)(pa.table({"text": ["Ana vive en Quito."]}))  # the models are loaded
    return lambda: worker({"part": [_encoded(part) for part in parts]})


def _encoded(part: Part) -> str:
    import msgspec

    return msgspec.json.encode(part).decode()


class MeasuredPart(LabelPart):
    """Tells the CPU microseconds of a part in place of its failures; loading the models is left out."""

    def _made(self, part: Part) -> PartDone:
        if not hasattr(self, "warm"):
            self.warm = self.label(pa.table({"text": ["Ana vive en Quito."]}))
        started = time.process_time()
        done = super()._made(part)
        return done._replace(failed=round(1e6 * (time.process_time() - started)))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bundle", default="mini")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        parts = corpus(Path(folder) / "in", options.rows)
        out = Folder(f"{folder}/out")
        out.system.create_dir(out.path)
        started = time.perf_counter()
        connect("local")
        print(f"Ray started in {time.perf_counter() - started:.1f} s", flush=True)
        for _ in range(options.rounds):
            for threads in (1, 2):
                name = f"one process, {threads} threads"
                wall, cpu = timed(alone(parts, label_of(options.bundle, threads), out.address))
                print(
                    f"{name}: {options.rows / wall:.1f} rows/s, {1000 * cpu / options.rows:.2f} CPU s/1000",
                    flush=True,
                )
            for actors in (1, 2):
                began, first, cpu = time.perf_counter(), 0.0, 0.0
                for done in run_parts(
                    parts, label_of(options.bundle, 1), out.address, Share(1, 0, actors), MeasuredPart
                ):
                    first = first or time.perf_counter() - began
                    cpu += done.failed / 1e6
                wall = time.perf_counter() - began
                rate = options.rows * (PARTS - 1) / PARTS / (wall - first)
                print(
                    f"{actors} actors of one core: first part after {first:.1f} s, then {rate:.1f} rows/s, "
                    f"{1000 * cpu / options.rows:.2f} CPU s/1000",
                    flush=True,
                )


if __name__ == "__main__":
    main()
