"""First use and start: CPU seconds that commands spend on compiling kernels, and on loading them afterwards.

    OMP_NUM_THREADS=1 python benchmarks/start.py [--kernels]

Runs `spanport project --alignments` and `spanport label` (bundled models) on a few sentences, and every kernel of the
package, each in a new process, first with an empty cache and then twice with what that left there. Counted: CPU time
of the threads in which kernels are compiled or loaded, the set-up of Numba's target with the first one included.
Apart: importing Numba. Left out: the rest of the process. Where SciPy is installed, Numba imports it at that set-up.
``--kernels`` lists the kernels.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = "Ana B-PER\nRuiz I-PER\nof O\nLima B-LOC\nleft O\n\n"
TARGET = "Ana O\nRuiz O\nde O\nLima O\nsalió O\n\n"
LINKS = "0-0 1-1 3-1 4-4\n"
"""Two entities linked to the same word, so that the exact solver is called."""

NEWS = "Ana Ruiz vive en Lima.\n"

EVERYTHING = "all kernels"


def commands(folder: Path) -> dict[str, list[str]]:
    """The commands measured, on files written to ``folder``."""
    files = {
        "source.conll": SOURCE,
        "target.conll": TARGET,
        "links.pharaoh": LINKS,
        "news.txt": "Ana Ruiz vive en Lima.\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    source, target, links, news = (str(folder / name) for name in files)
    return {
        "project": [
            *("project", "--source", source, "--target", target, "--alignments", links),
            *("--output", str(folder / "out.conll")),
        ],
        "label": ["label", news, "--lang", "es", "--output", str(folder / "out.jsonl")],
        EVERYTHING: [],
    }


def measure(arguments: list[str]) -> None:
    """In a process of its own: run the command, print CPU seconds of each kernel and of importing Numba as JSON."""
    importlib.import_module("numpy")
    began = time.process_time()
    importlib.import_module("numba")
    imported = time.process_time() - began
    jit = importlib.import_module("spanport_kernels.jit")
    spent: dict[str, float] = {}
    load = jit._Kernel.load

    def timed(kernel: jit._Kernel) -> object:
        before = time.thread_time()
        compiled = load(kernel)
        name = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}"
        spent.setdefault(name, time.thread_time() - before)
        return compiled

    jit._Kernel.load = timed
    if arguments:
        sys.argv = ["spanport", *arguments]
        try:
            importlib.import_module("spanport.cli").main()
        except SystemExit as end:
            if end.code:
                raise
    else:
        package = importlib.import_module("spanport_kernels")
        for module in pkgutil.iter_modules(package.__path__):
            for value in list(vars(importlib.import_module(f"spanport_kernels.{module.name}")).values()):
                if isinstance(value, jit._Kernel) and value._compiled is None:
                    value.load()
    print(json.dumps({"numba": imported, "kernels": spent}))


def child(arguments: list[str], cache: str) -> dict[str, dict[str, float]]:
    """What `measure` prints, with Numba's cache in this folder."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    program = [sys.executable, __file__, "--measure", json.dumps(arguments)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", action="store_true", help="list the kernels")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(json.loads(options.measure))
        return
    print(f"SciPy is {'' if importlib.util.find_spec('scipy') else 'not '}installed; CPU seconds")
    print(f"{'':14}{'kernels':>9}{'first use':>11}{'later':>8}{'import numba':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in commands(Path(folder)).items():
            cache = str(Path(folder, "cache", name))
            first, *later = [child([*arguments, "--fresh"] if arguments else [], cache) for _ in range(3)]
            best = min(later, key=lambda result: sum(result["kernels"].values()))
            spent, loaded = first["kernels"], best["kernels"]
            total, again = sum(spent.values()), sum(loaded.values())
            print(f"{name:14}{len(spent):9}{total:11.2f}{again:8.2f}{best['numba']:14.2f}")
            for kernel, seconds in sorted(spent.items(), key=lambda pair: -pair[1]) if options.kernels else ():
                print(f"  {kernel:32}{seconds:11.2f}{loaded[kernel]:8.3f}")


if __name__ == "__main__":
    main()
