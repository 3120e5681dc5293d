"""Whether a file that should be labelled is, and as its mapping has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spanport.cli.console import say


class Labels:
    """Looks for a label in the sentences of a file, to warn where there is none."""

    def __init__(self, name: str, *, found: bool = False) -> None:
        self.name, self.found, self.records = name, found, 0

    def see(self, sentence: Any) -> None:
        """One more sentence."""
        self.records += 1
        self.found = self.found or bool(sentence.spans)

    def report(self) -> None:
        """Warn, if there was no label."""
        if not self.found:
            say(
                f"warning: {self.name} has no label at all; if it should have, see whether its labels stand where "
                "its format has them"
            )


def report_unmapped(labels: Mapping[str, str], met: set[str], name: str) -> None:
    """Warn of labels that are to be mapped and that the file called ``name`` has not."""
    absent = sorted(labels.keys() - met)
    if absent:
        there = ", ".join(sorted(met)) or "none"
        say(f"warning: --map-labels {', '.join(absent)}: {name} has no such label; it has {there}")
