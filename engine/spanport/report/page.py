"""The comparison of systems as one self-contained HTML page: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import msgspec

from spanport.evaluate import Comparison, SystemResult
from spanport.report.plots import bars, interval_bars, reliability_plot
from spanport.report.sentences import disagreement, hues, labels_of

FIGURES = (
    "F1 counts an entity as right when its words and its label are exactly those of the gold standard. Brackets and "
    "whiskers are 95 % bootstrap intervals over sentences. p is the two-sided probability, by approximate "
    "randomisation over sentences, of a difference at least as large from the best system if the two were alike. "
    "The projection ratio is the mean over sentences of predicted over gold entities; ECE the expected calibration "
    "error of the confidences."
)


def render(comparisons: Comparison | Sequence[Comparison], title: str = "Comparison of systems") -> str:
    """The page, one section per comparison (usually per language), an overview first where there are several."""
    several = [comparisons] if isinstance(comparisons, Comparison) else list(comparisons)
    style = files("spanport.report").joinpath("style.css").read_text(encoding="utf-8")
    overview = _overview(several) if len(several) > 1 else ""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{style}</style></head><body><h1>{escape(title)}</h1>"
        f"<p class='note'>{FIGURES}</p>{overview}{''.join(map(_section, several))}</body></html>\n"
    )


def _overview(comparisons: Sequence[Comparison]) -> str:
    names = list(dict.fromkeys(system.name for comparison in comparisons for system in comparison.systems))
    header = ["system", *(comparison.title for comparison in comparisons), "mean"]
    rows = []
    for name in names:
        found = [next((s.f1.value for s in c.systems if s.name == name), None) for c in comparisons]
        mean = sum(f for f in found if f is not None) / len(found) if None not in found else None
        rows.append([name, *map(_figure, found), _figure(mean)])
    return f"<h2>F1 by data set</h2>{_table(header, rows)}<p class='note'>The mean weighs data sets equally.</p>"


def _section(comparison: Comparison) -> str:
    best = comparison.best.name
    ignored = f", without {', '.join(comparison.ignored)}" if comparison.ignored else ""
    f1 = interval_bars("F1 with 95 % intervals", [(s.name, s.f1) for s in comparison.systems], best)
    return (
        f"<h2>{escape(comparison.title)}</h2>"
        f"<p class='note'>{comparison.sentences} sentences{escape(ignored)}</p>"
        f"{_figures(comparison)}<h3>F1</h3>{f1}{_per_label(comparison)}{_mistakes(comparison)}{_time(comparison)}"
        f"{_reliability(comparison)}{_agreement(comparison)}{_disagreements(comparison)}"
    )


def _figures(comparison: Comparison) -> str:
    header = [
        "system",
        "precision",
        "recall",
        "F1",
        "macro F1",
        "projection ratio",
        "ECE",
        "difference from best",
        "p",
    ]
    rows = [_figure_row(system) for system in comparison.systems]
    best = [system.name for system in comparison.systems].index(comparison.best.name)
    settings = "".join(
        f"<div class='row'><span>{escape(system.name)}</span><code>{escape(system.options)}</code></div>"
        for system in comparison.systems
        if system.options
    )
    more = f"<details><summary>Settings</summary>{settings}</details>" if settings else ""
    return _table(header, rows, best) + more


def _figure_row(system: SystemResult) -> list[str]:
    micro, against = system.scores.micro, system.against_best
    return [
        escape(system.name),
        _figure(micro.precision),
        _figure(micro.recall),
        f"{_figure(system.f1.value)} <small>[{_figure(system.f1.low)}, {_figure(system.f1.high)}]</small>",
        _figure(system.scores.macro[2]),
        _figure(system.scores.projection_ratio),
        _figure(system.reliability.ece if system.reliability.count else None),
        f"{_figure(against.value)} <small>[{_figure(against.low)}, {_figure(against.high)}]</small>"
        if against
        else "",
        f"{against.p_value:.3f}" if against else "",
    ]


def _per_label(comparison: Comparison) -> str:
    labels = sorted({label for system in comparison.systems for label in system.label_f1})
    plots = []
    for label in labels:
        rows = [(s.name, s.label_f1[label]) for s in comparison.systems if label in s.label_f1]
        plots.append(f"<div><h3>F1 of {escape(label)}</h3>{interval_bars(f'F1 of {label}', rows)}</div>")
    return f"<details><summary>F1 per label</summary><div class='plots'>{''.join(plots)}</div></details>"


def _mistakes(comparison: Comparison) -> str:
    header = ["system", "right", "wrong label", "wrong boundary", "both wrong", "missed", "spurious"]
    rows = [[escape(s.name), *map(str, msgspec.structs.astuple(s.mistakes))] for s in comparison.systems]
    return f"<h3>Mistakes</h3>{_table(header, rows)}"


def _time(comparison: Comparison) -> str:
    rows = [(s.name, s.seconds) for s in comparison.systems if s.seconds is not None]
    return f"<h3>Time</h3>{bars('seconds', rows, 's')}" if rows else ""


def _reliability(comparison: Comparison) -> str:
    plots = [
        f"<div><h3>{escape(s.name)}</h3>{reliability_plot(f'reliability of {s.name}', s.reliability)}</div>"
        for s in comparison.systems
        if s.reliability.count
    ]
    return f"<h3>Reliability of the confidences</h3><div class='plots'>{''.join(plots)}</div>" if plots else ""


def _agreement(comparison: Comparison) -> str:
    if len(comparison.systems) < 2:
        return ""
    names = [system.name for system in comparison.systems]
    rows = [[escape(name), *map(_figure, row)] for name, row in zip(names, comparison.agreement, strict=True)]
    return f"<h3>Agreement between systems (F1 of one against the other)</h3>{_table(['', *names], rows)}"


def _disagreements(comparison: Comparison) -> str:
    items = comparison.disagreements
    if not items:
        return ""
    colours = hues(labels_of(items))
    shown = "" if len(items) == comparison.disagreeing else f"; the first {len(items)} are shown"
    return (
        f"<h3>Where the systems differ</h3><p class='note'>{comparison.disagreeing} of {comparison.sentences} "
        f"sentences{shown}.</p>{''.join(disagreement(item, colours) for item in items)}"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], best: int = -1) -> str:
    """A table of cells that are HTML already, under a header that is not."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr{' class=best' if i == best else ''}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for i, row in enumerate(rows)
    )
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
