"""Rows of figures as a Markdown table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table with the columns of every row in order of appearance; fractions with four decimals, None empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [
        [markdown_text(name) for name in columns],
        ["---"] * len(columns),
        *([_cell(row.get(name)) for name in columns] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_text(text: object) -> str:
    """A text as Markdown shows it, on one line: neither HTML, nor a link or an image, nor the end of a cell."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*\[\]|!])", r"\\\1", escape(line, quote=False))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else markdown_text(value)
