"""`spanport plan`: machines and hours for a large corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spanport.bench.plan import Plan


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport plan bench.json --sentences 1e9 --cores 64")
    def plan(
        bench: Annotated[str, typer.Argument(help="What `spanport bench --json` printed; - is standard input.")],
        sentences: Annotated[float, typer.Option(min=1, help="Sentences to label, such as 5e8.")] = 1e9,
        cores: Annotated[int, typer.Option(min=1, help="Cores of a machine, like those that were measured.")] = 64,
        machines: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
        busy: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the cores' time that works.")] = 0.95,
        price: Annotated[float | None, typer.Option(min=0, help="Price of a machine for an hour.")] = None,
        json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    ) -> None:
        """Say what a large corpus takes: machines, hours, and which stage dominates.

        It counts CPU time, which a busy machine hardly changes, of sentences like those of the benchmark.
        """
        from spanport.bench.plan import plan as make
        from spanport.bench.plan import read_bench
        from spanport.cli.console import print_json
        from spanport.errors import UsageError

        try:
            data = sys.stdin.buffer.read() if bench == "-" else Path(bench).read_bytes()
        except OSError as error:
            raise UsageError(f"{bench} cannot be read: {error.strerror}") from error
        made = make(
            read_bench(data), sentences=round(sentences), cores=cores, machines=machines, busy=busy, price=price
        )
        if json:
            print_json(made)
        else:
            _show(made)


def _show(made: Plan) -> None:
    from spanport.bench.plan import ADVICE
    from spanport.cli.console import say, table

    rows = [(s.name, f"{s.cpu_ms:.2f}", f"{s.share:.0%}", f"{s.core_hours:,.0f}") for s in made.stages]
    rows.append(("together", f"{made.cpu_ms:.2f}", "100%", f"{made.core_hours:,.0f}"))
    table(["stage", "CPU ms a sentence", "share", "core hours"], rows, title=f"{made.sentences:,} sentences")
    counts = sorted({made.machines, 1, 10, 100})
    prices = "" if made.cost is None else f", {made.cost:,.2f} in all"
    table(
        [f"machines of {made.cores} cores", "hours", "days"],
        [(n, f"{made.machine_hours / n:,.1f}", f"{made.machine_hours / n / 24:,.1f}") for n in counts],
    )
    memory = "" if made.memory_bytes is None else f", {made.memory_bytes / 1e9:.1f} GB of memory each"
    say(f"{made.machine_hours:,.0f} machine hours{prices}{memory}")
    say(f"{made.dominant} dominates; what helps: {ADVICE[made.dominant]}")
