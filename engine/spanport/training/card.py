"""What a trained tagger says about itself: a card for people, a report for machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from spanport.evaluate import count_entities, interval
from spanport.types import Sentence


class Figure(msgspec.Struct, frozen=True):
    """Entity scores on a gold file, with the 95% interval of F1."""

    precision: float
    recall: float
    f1: float
    low: float
    high: float


def figure(gold: list[Sentence], predicted: list[Sentence], ignore: frozenset[str]) -> Figure:
    """Scores of predicted sentences against gold ones."""
    counts = count_entities(gold, predicted, ignore)
    micro, bounds = counts.scores().micro, interval(counts.micro_rows())
    return Figure(micro.precision, micro.recall, micro.f1, bounds.low, bounds.high)


class Report(msgspec.Struct, kw_only=True):
    """What is in `train.json`.

    `request` is a digest of inputs, options and models: the same request gives the same tagger. `curves` are
    `(step, mean loss)` by fit; `figures` by seed and gold file, of the network in float; `exported` the same of
    the int8 bundle.
    """

    method: str
    method_options: dict[str, Any]
    options: dict[str, Any]
    lessons: dict[str, Any]
    language: str
    labels: tuple[str, ...]
    base: str
    bundle: str
    inputs: list[dict[str, Any]]
    notes: list[str]
    select: str
    request: str
    plan: dict[str, Any] = {}
    seed: int = 0
    seconds: dict[str, float] = {}
    curves: dict[str, list[tuple[int, float]]] = {}
    figures: dict[str, dict[str, Figure]] = {}
    exported: dict[str, Figure] = {}
    label_agreement: float | None = None
    worst_cosine: float | None = None
    digest: str = ""


def card(report: Report, licence: str) -> str:
    """The model card."""
    kinds = sorted({label[2:] for label in report.labels if label != "O"})
    parts = [
        f"# A tagger for {report.language}, trained by `spanport train --method {report.method}`",
        f"Labels: {', '.join(kinds)}. Base: {report.base}. Licence: {licence}.",
        "## Data",
        _table(
            ("role", "file", "language", "sentences"),
            ((one["role"], one["name"], one["language"], f"{one['sentences']:,}") for one in report.inputs),
        ),
        *("- " + note for note in report.notes),
        "## Method",
        _method(report),
        "## Figures",
        _figures(report),
        "## Digests",
        f"Request {report.request}; weights {report.digest}.",
    ]
    return "\n\n".join(parts) + "\n"


def _method(report: Report) -> str:
    chosen = (
        "The seed was chosen on labelled dev text of the target language (`--select target-dev`)."
        if report.select == "target-dev"
        else "Nothing was chosen on labels of the target language: the weights are the mean over the end of training."
    )
    settings = {
        "method options": report.method_options,
        "lessons": report.lessons,
        "training": report.options,
        "plan": report.plan,
    }
    curves = [
        f"{name}: " + ", ".join(f"{loss:.4f} at {step}" for step, loss in curve[:: max(1, len(curve) // 8)])
        for name, curve in report.curves.items()
    ]
    lines = [
        *(f"- {name}: {values}" for name, values in settings.items() if values),
        f"- seeds: {', '.join(report.seconds)}, kept {report.seed}",
        f"- training: {sum(report.seconds.values()) / 60:.1f} minutes of processor time in all",
        *(f"- mean loss by step, {curve}" for curve in curves),
    ]
    return chosen + "\n\n" + "\n".join(lines)


def _figures(report: Report) -> str:
    tables = [(f"seed {seed}, float", own) for seed, own in report.figures.items()]
    rows = [
        (name, network, *(f"{value:.3f}" for value in (one.precision, one.recall, one.f1, one.low, one.high)))
        for network, table in [*tables, ("the bundle, int8", report.exported)]
        for name, one in table.items()
    ]
    shown = _table(("gold", "network", "precision", "recall", "F1", "from", "to (95%)"), rows)
    agreement = "an unknown share" if report.label_agreement is None else f"{report.label_agreement:.2%}"
    return (
        shown if rows else "No gold labels were given."
    ) + f"\n\nInt8 and float name the same label on {agreement} of the subwords of the comparison text."


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(columns)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
