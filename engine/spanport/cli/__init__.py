"""The `spanport` command; the only place that prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point: run the command line and end the process with its exit code."""
    from spanport.cli.app import run

    sys.exit(run())
