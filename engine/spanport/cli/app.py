"""The application: its commands, and what its exit codes mean.

0: every record was processed; 1: some were rejected; 2: the command line is wrong; 3: the job could not be done;
130: interrupted.
"""

from __future__ import annotations

import errno
import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from spanport.cli.console import fail, log_to_stderr, show
from spanport.errors import LanguageError, SpanportError, UsageError

INTERRUPTED = 130
ANYWHERE = ("--version", "--verbose", "-v")
"""Options of the application, which may stand after a command too."""

COMMANDS = {
    "demo": "demo",
    "label": "label",
    "project": "project",
    "align": "align",
    "convert": "convert",
    "evaluate": "evaluate",
    "bench": "bench",
    "plan": "plan",
    "compare": "compare",
    "calibrate": "calibrate",
    "train": "train",
    "tune": "tune",
    "view": "view",
    "systems": "finding",
    "languages": "finding",
    "formats": "finding",
    "models": "models",
    "export": "export",
}
"""The module of each command, in the order of the help."""


def application(command: str = "") -> typer.Typer:
    """The application; with the command named alone, if it is one: the others would take a while to be built."""
    app = typer.Typer(
        name="spanport",
        help="Carry span annotations (named entities first) from one language to another.",
        epilog="Example: spanport label news.txt --lang spa_Latn -o news.jsonl",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        module = import_module(f"spanport.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            module.add(app)
    return app


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        show(f"spanport {version('spanport')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what the engine does.")] = False,
) -> None:
    log_to_stderr(verbose=verbose)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with those of the application first, wherever they stand before a ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*sorted(arguments[:end], key=lambda argument: argument not in ANYWHERE), *arguments[end:]]


SELDOM = (100_000, 30, 30)
"""When reference cycles are looked for. Records make none, and at Python's default a command would look through every
object of the libraries that compiled its kernels again and again."""


def run() -> int:
    """Run the command line; returns the exit code. A polite kill (SIGTERM) ends a job as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(*SELDOM)
    try:
        arguments = _hoisted(sys.argv[1:])
        named = next((argument for argument in arguments if argument not in ANYWHERE), "")
        code = application(named)(arguments, standalone_mode=False)
    except typer.Exit as end:
        return end.exit_code
    except (UsageError, LanguageError) as error:
        return fail(str(error), 2)
    except SpanportError as error:
        return fail(str(error), 3)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" at {error.filename}" if error.filename else ""
        return fail(f"{error.strerror}{where}; free some space and run the same command again", 3)
    except Exception as error:
        if hasattr(error, "format_message"):  # click's own usage errors
            message = error.format_message()  # none where no command was named: then its help is printed already
            return fail(message, 2, context=getattr(error, "ctx", None)) if message else 2
        raise
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code
        return fail("interrupted; a job that writes a file goes on if you run the same command again", code)
    return code if isinstance(code, int) else 0
