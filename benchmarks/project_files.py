"""`spanport project` over given alignments, files to files: sentences per second, where the time goes, peak memory.

    OMP_NUM_THREADS=1 python benchmarks/project_files.py [--copies 10] [--rounds 5]

With ``SPANPORT_DATA`` set, the 14,987 training sentences of ``conll-parallel`` en->es with awesome-align's links;
otherwise made-up sentences of the same sizes. The job is run as the command runs it: progress, journal, checksums of
the inputs and forced writes included. Left out: process start, and a first round, which loads the kernels.

The profile gives CPU and wall seconds of the fastest round, each step without the steps inside it, and how often it
was called. Peak memory is that of a process of its own over the files once and over ``--copies`` of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sentences

from spanport.api import Engine
from spanport.bulk import feeds, project, project_files
from spanport.cli import jobs
from spanport.output import committed, sink
from spanport_kernels.label_codes import LabelTypes

STEPS: dict[str, tuple[tuple[Any, str], ...]] = {
    "checksums of the inputs": ((committed, "header"),),
    "read": ((feeds.Feed, "_read"),),
    "parse": ((feeds, "parse_conll"), (feeds, "parse_pharaoh")),
    "labels to entities": ((LabelTypes, "codes"), (project, "spans_of_codes")),
    "range checks, stop words": ((project, "flag_ranges"), (project, "_stop_mask")),
    "candidates, score, solve": ((project, "solve_ngram"),),
    "labels to bytes": ((project, "write_conll"),),
    "write": ((sink.Sink, "write"),),
    "fsync": ((os, "fsync"),),
}
REST = "the rest"

Clock = tuple[float, float]


def now() -> Clock:
    """CPU seconds and wall seconds."""
    return time.process_time(), time.perf_counter()


class Profile:
    """Time by step; a step's time excludes that of steps inside it."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys((*STEPS, REST), (0.0, 0.0))
        self.calls = dict.fromkeys((*STEPS, REST), 0)
        self._inside: list[Clock] = [(0.0, 0.0)]

    def cpu(self) -> float:
        """CPU seconds of all steps."""
        return sum(cpu for cpu, _ in self.spent.values())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the block as this step."""
        began = now()
        self._inside.append((0.0, 0.0))
        try:
            yield
        finally:
            (cpu, wall), inner = (end - start for end, start in zip(now(), began, strict=True)), self._inside.pop()
            self._inside[-1] = (self._inside[-1][0] + cpu, self._inside[-1][1] + wall)
            self.spent[name] = (self.spent[name][0] + cpu - inner[0], self.spent[name][1] + wall - inner[1])
            self.calls[name] += 1

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted as this step."""

        def counted(*arguments: Any, **options: Any) -> Any:
            with self.step(name):
                return function(*arguments, **options)

        return counted

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count all steps of the block."""
        originals = [
            (owner, attribute, getattr(owner, attribute)) for row in STEPS.values() for owner, attribute in row
        ]
        for name, row in STEPS.items():
            for owner, attribute in row:
                setattr(owner, attribute, self.wrap(name, getattr(owner, attribute)))
        try:
            with self.step(REST):
                yield
        finally:
            for owner, attribute, original in originals:
                setattr(owner, attribute, original)


def run(folder: Path) -> None:
    """The job that ``spanport project --source --target --alignments --output`` runs."""
    inputs = [str(folder / name) for name in ("source.conll", "target.conll", "links.pharaoh")]
    named = list(zip(inputs, ("conll", "conll", "pharaoh"), strict=True))
    files = jobs.JobFiles(str(folder / "out.conll"), None, "conll", fallback="jsonl", inputs=named, fresh=True)
    job = Engine.from_bundle("mini").job("project", aligned=True, files=files.record)
    jobs.run_parts(files, lambda output: project_files(*inputs, skip=output.completed), job)


def write(folder: Path, copies: int) -> int:
    """Write the inputs so many times over; returns the number of sentences."""
    folder.mkdir()
    data = sentences.real() or sentences.made_up()
    for name, content in zip(("source.conll", "target.conll", "links.pharaoh"), data, strict=True):
        (folder / name).write_bytes(content * copies)
    return data[2].count(b"\n") * copies


def peak(folder: Path) -> float:
    """Peak memory of a process that runs the job, in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--peak", str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        run(arguments.peak)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    with tempfile.TemporaryDirectory() as folder:
        once, many = Path(folder, "once"), Path(folder, "many")
        count, more = write(once, 1), write(many, arguments.copies)
        run(once)
        plain, profiles = [], []
        for _ in range(arguments.rounds):
            began = now()
            run(once)
            plain.append(tuple(end - start for end, start in zip(now(), began, strict=True)))
            profile = Profile()
            with profile.counting():
                run(once)
            profiles.append(profile)
        cpu, wall = (min(times) for times in zip(*plain, strict=True))
        best = min(profiles, key=Profile.cpu)
        print(f"{count:,} sentences, {'real' if sentences.real() else 'made up'}")
        print(f"{count / cpu:,.0f} sentences/s of CPU time, {count / wall:,.0f} of wall time")
        print(f"\n{'':28}{'CPU s':>9}{'share':>8}{'wall s':>9}{'calls':>8}")
        for name, (cpu, wall) in best.spent.items():
            print(f"{name:28}{cpu:9.4f}{cpu / best.cpu():8.0%}{wall:9.4f}{best.calls[name]:8}")
        print(f"\npeak memory: {peak(once):.0f} MB of {count:,} sentences, {peak(many):.0f} MB of {more:,}")


if __name__ == "__main__":
    main()
