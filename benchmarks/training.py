"""Train taggers by every method and print the tables of docs/training.md.

    python benchmarks/training.py run --data DATA --base PRE_TRAINED --mini HF_FOLDER --bundle mini --work DIR
    python benchmarks/training.py print
    python benchmarks/training.py plot

``run`` trains what is not in ``benchmarks/results/training.jsonl`` yet, one row at a time, first all rows with the
first seed, and adds each there: a run that was stopped goes on, in the middle of a training too. ``print`` needs no
data: it prints the tables from those rows, with published figures beside ours; ``plot`` also draws the curve over
source languages for the page.

PRE_TRAINED is the network before any label (``python -m mini`` makes it, or any small multilingual encoder),
HF_FOLDER the trained network of the bundle. What DATA holds: see ``training_tables/inputs.py``; what is trained:
``training_tables/tasks.py``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
from training_tables.results import curve_of, read_rows, tables_of
from training_tables.tasks import tasks

from spanport.report.plots import lines_plot

RESULTS = Path(__file__).parent / "results" / "training.jsonl"
PLOT = Path(__file__).parents[1] / "docs" / "images" / "sources.svg"


def run(arguments: argparse.Namespace) -> None:
    """Train what is missing."""
    from training_tables.inputs import Inputs
    from training_tables.lab import Lab

    work: Path = arguments.work
    bases = {"pre-trained": arguments.base, "mini": arguments.mini, "english": work / "english"}
    lab = Lab(Inputs(arguments.data, work / "inputs"), bases, arguments.bundle, work)
    for seed in arguments.seeds:
        for task in tasks():
            done = {(row.table, row.name, row.language, row.seed) for row in read_rows(RESULTS)}
            if (task.table, task.name, task.language, seed) in done or task.table in arguments.skip:
                continue
            if task.table == "english" and seed != arguments.seeds[0]:
                continue  # one English tagger is the base of all
            if arguments.table and task.table not in arguments.table:
                continue
            if arguments.until and time.strftime("%H:%M") >= arguments.until:
                return
            print(f"== {task.table}, {task.language}, {task.name}, seed {seed}", flush=True)
            row = lab.run(task, seed)
            with RESULTS.open("ab") as file:
                file.write(msgspec.json.encode(row) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("run", "print", "plot"))
    for name in ("data", "base", "mini", "work"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--table", nargs="+", default=[], help="only these tables")
    parser.add_argument("--skip", nargs="+", default=[], help="not these")
    parser.add_argument("--seeds", nargs="+", type=int, default=[29, 31])
    parser.add_argument("--until", default="", help="HH:MM; no row is begun after it")
    arguments = parser.parse_args()
    if arguments.task == "run":
        if missing := [name for name in ("data", "base", "mini", "work") if getattr(arguments, name) is None]:
            parser.error(f"run needs --{missing[0]}")
        run(arguments)
    if arguments.task == "plot":
        title = "F1 by number of source languages"
        PLOT.write_text(str(lines_plot(title, curve_of(read_rows(RESULTS)))), encoding="utf-8")
    print(tables_of(read_rows(RESULTS)), end="")


if __name__ == "__main__":
    main()
