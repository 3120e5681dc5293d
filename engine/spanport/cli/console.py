"""What every command prints with: messages, tables, coloured sentences.

Names of files, labels and texts come from anywhere: all of it goes through `safe`, so that nothing in it acts on the
terminal.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

COLOURS = {"PER": "bold magenta", "ORG": "bold cyan", "LOC": "bold green", "MISC": "bold yellow", "DATE": "bold blue"}

UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, overrides of the writing direction, bytes of a name that is not UTF-8."""


def safe(text: object) -> str:
    """What is shown of a text: characters that would act on a terminal written as in JSON, ``\\u001b``."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


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
        stderr().print(safe(f"Try '{context.command_path} --help' for help."), style="dim", markup=False)
    stderr().print(safe(f"error: {message}"), style="red", markup=False)
    return code


def say(message: str) -> None:
    """A line about the job, on the error stream so that it never mixes with results."""
    stderr().print(safe(message), markup=False)


def show(*texts: Text | str, style: str | None = None) -> None:
    """A line of results."""
    from rich.text import Text

    stdout().print(*(text if isinstance(text, Text) else safe(text) for text in texts), style=style, markup=False)


def heading(text: str) -> None:
    """A rule with a heading, between results."""
    from rich.text import Text

    stdout().rule(Text(safe(text)), align="left")


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[], None] | None]:
    """A bar on a terminal; gives the function to call after each of ``total``, or None where there is no terminal."""
    if not stderr().is_terminal:
        yield None
        return
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=stderr(), transient=True) as progress:
        task = progress.add_task(escape(safe(what)), total=total)
        yield lambda: progress.advance(task)


def log_to_stderr(*, verbose: bool) -> None:
    """What modules log goes to the error stream: warnings, or everything."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler])
    for noisy in ("numba", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return safe(super().format(record))


_MOST_EDGED = 6


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, left: bool = False
) -> None:
    """Print a table; all columns but the first are right-aligned, unless all are to be ``left``.

    What the first says is a name: it is not cut, however narrow the terminal. Many columns go without an edge, so
    that their figures are not cut on one of 80.
    """
    from rich.table import Table
    from rich.text import Text

    few = len(columns) <= _MOST_EDGED
    heading = None if title is None else Text(safe(title))
    grid = Table(title=heading, title_justify="left", show_edge=few, pad_edge=few)
    for i, column in enumerate(columns):
        grid.add_column(
            Text(safe(column)), justify="left" if left or i == 0 else "right", overflow="fold", no_wrap=i == 0
        )
    for row in rows:
        grid.add_row(*[Text(safe(cell)) for cell in row])
    stdout().print(grid)


def marked(text: str, spans: Iterable[Any]) -> Text:
    """A text with its spans coloured and labelled: ``Ana Ruiz`` PER."""
    from rich.text import Text

    out, at = Text(), 0
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if span.start < at:
            continue
        out.append(safe(text[at : span.start]))
        style = COLOURS.get(span.label, "bold red")
        out.append(safe(text[span.start : span.end]), style=f"{style} underline")
        out.append(safe(f" {span.label}"), style=f"dim {style.removeprefix('bold ')}")
        at = span.end
    out.append(safe(text[at:]))
    return out


def print_json(data: Any) -> None:
    """Print one JSON document."""
    import msgspec

    sys.stdout.write(safe(msgspec.json.format(msgspec.json.encode(data), indent=2).decode()) + "\n")
