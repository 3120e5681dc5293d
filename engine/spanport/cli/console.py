"""What every command prints with: messages, tables, coloured sentences."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

COLOURS = {"PER": "bold magenta", "ORG": "bold cyan", "LOC": "bold green", "MISC": "bold yellow", "DATE": "bold blue"}


@cache
def stdout() -> Console:
    """Where results go."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@cache
def stderr() -> Console:
    """Where progress, warnings and errors go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, code: int, *, context: Any = None) -> int:
    """Print an error (and where to find help, for one of usage) and return the exit code."""
    if context is not None:
        stderr().print(f"Try '{context.command_path} --help' for help.", style="dim", markup=False)
    stderr().print(f"error: {message}", style="red", markup=False)
    return code


def say(message: str) -> None:
    """A line about the job, on the error stream so that it never mixes with results."""
    stderr().print(message, markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table; all columns but the first are right-aligned."""
    from rich.table import Table

    grid = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        grid.add_column(column, justify="left" if i == 0 else "right")
    for row in rows:
        grid.add_row(*[str(cell) for cell in row])
    stdout().print(grid)


def marked(text: str, spans: Iterable[Any]) -> Text:
    """A text with its spans coloured and labelled: ``Ana Ruiz`` PER."""
    from rich.text import Text

    out, at = Text(), 0
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if span.start < at:
            continue
        out.append(text[at : span.start])
        style = COLOURS.get(span.label, "bold red")
        out.append(text[span.start : span.end], style=f"{style} underline")
        out.append(f" {span.label}", style=f"dim {style.removeprefix('bold ')}")
        at = span.end
    out.append(text[at:])
    return out


def print_json(data: Any) -> None:
    """Print one JSON document."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
