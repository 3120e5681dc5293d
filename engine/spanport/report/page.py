"""The comparison of systems as one self-contained HTML page: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from spanport.evaluate import Comparison
from spanport.report.plots import bars, interval_bars, reliability_plot
from spanport.report.sentences import coloured, grouped, hues, labels_of
from spanport.report.templates import fill


def render(comparisons: Comparison | Sequence[Comparison], title: str = "Comparison of systems") -> str:
    """The page, one section per comparison (usually per language), an overview first where there are several."""
    several = [comparisons] if isinstance(comparisons, Comparison) else list(comparisons)
    return fill(
        "comparison.html",
        title=title,
        titles=[comparison.title for comparison in several],
        overview=_overview(several) if len(several) > 1 else [],
        sections=[_section(comparison) for comparison in several],
    )


def _overview(comparisons: Sequence[Comparison]) -> list[tuple[str, list[float | None]]]:
    """Each system's F1 on every data set, and their mean where it has all."""
    names = dict.fromkeys(system.name for comparison in comparisons for system in comparison.systems)
    rows: list[tuple[str, list[float | None]]] = []
    for name in names:
        found = [next((s.f1.value for s in c.systems if s.name == name), None) for c in comparisons]
        there = [value for value in found if value is not None]
        rows.append((name, [*found, sum(there) / len(there) if len(there) == len(found) else None]))
    return rows


def _section(comparison: Comparison) -> dict[str, Any]:
    """What the template shows of one comparison besides its own fields."""
    systems = comparison.systems
    labels = sorted({label for system in systems for label in system.label_f1})
    by_label = {
        label: [(system.name, system.label_f1[label]) for system in systems if label in system.label_f1]
        for label in labels
    }
    times = [(system.name, system.seconds) for system in systems if system.seconds is not None]
    colours = hues(labels_of(comparison.disagreements))
    return {
        "comparison": comparison,
        "f1": interval_bars(
            "F1 with 95 % intervals", [(system.name, system.f1) for system in systems], comparison.best.name
        ),
        "label_f1": [(label, interval_bars(f"F1 of {label}", rows)) for label, rows in by_label.items()],
        "mistakes": [(system.name, msgspec.structs.astuple(system.mistakes)) for system in systems],
        "time": bars("seconds", times, "s") if times else None,
        "reliability": [
            (system.name, reliability_plot(f"reliability of {system.name}", system.reliability))
            for system in systems
            if system.reliability.count
        ],
        "agreement": list(zip([system.name for system in systems], comparison.agreement, strict=True)),
        "disagreements": [
            (item.number + 1, [(name, coloured(sentence, colours)) for name, sentence in grouped(item)])
            for item in comparison.disagreements
        ],
    }
