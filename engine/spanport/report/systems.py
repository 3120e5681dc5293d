"""The options of systems as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from spanport.report.markdown import markdown_table, markdown_text


class Described(Protocol):
    """What is told of a system; see `spanport.systems.catalogue.Entry`."""

    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def options(self) -> Sequence[tuple[str, str, str, str]]: ...
    @property
    def presets(self) -> tuple[str, ...]: ...


def options_page(entries: Iterable[Described]) -> str:
    """A heading for each system, what it does, and a table of its options."""
    sections = []
    for entry in entries:
        needs = f"Needs: {', '.join(entry.needs)}."
        presets = f" Presets: {', '.join(f'`{preset}`' for preset in entry.presets)}." if entry.presets else ""
        rows = [
            dict(zip(("option", "values", "default", "meaning"), option, strict=True)) for option in entry.options
        ]
        sections.append(
            f"## {entry.name}\n\n{markdown_text(entry.about)}\n\n{needs}{presets}\n\n{markdown_table(rows)}"
        )
    return "\n".join(sections)
