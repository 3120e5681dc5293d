"""`spanport train --sources-curve`: F1 over 1, 2, 3, ... source languages, by how they are weighed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from spanport.errors import UsageError
from spanport.languages import resolve
from spanport.training.checks import labels_to_learn
from spanport.training.inputs import Notes, Text, checked, require_extra
from spanport.training.lessons import tags_of
from spanport.training.material import build_material
from spanport.training.projecting import Projector
from spanport.training.request import Data, Order, claim
from spanport.training.scoring import scored

if TYPE_CHECKING:
    from spanport_models.training import TrainOptions

JSON, MARKDOWN, SVG = "curve.json", "curve.md", "curve.svg"


class CurvePoint(msgspec.Struct, frozen=True):
    """F1 of the student of the first `count` sources, with its 95% interval; minutes of processor time."""

    count: int
    weighing: str
    seed: int
    f1: float
    low: float
    high: float
    minutes: float


class Curve(msgspec.Struct, frozen=True):
    """What is in ``curve.json``: the sources in the order in which they were added, and the points."""

    language: str
    test: str
    sources: tuple[str, ...]
    points: tuple[CurvePoint, ...]

    def means(self) -> dict[str, list[tuple[int, float]]]:
        """For each weighing the number of sources and the mean F1 over seeds."""
        found: dict[str, dict[int, list[float]]] = {}
        for point in self.points:
            found.setdefault(point.weighing, {}).setdefault(point.count, []).append(point.f1)
        return {
            weighing: [(count, sum(values) / len(values)) for count, values in sorted(own.items())]
            for weighing, own in found.items()
        }

    def to_rows(self) -> list[dict[str, str]]:
        """A line for each number of sources, a column for each weighing."""
        means = {weighing: dict(line) for weighing, line in self.means().items()}
        return [
            {
                "sources": f"{count}: {', '.join(self.sources[:count])}",
                **{name: f"{line[count]:.3f}" if count in line else "" for name, line in means.items()},
            }
            for count in sorted({point.count for point in self.points})
        ]


def sources_curve(
    *,
    lang: str,
    out: str | Path,
    labelled: Sequence[Text],
    test: Text | None,
    text: Text | None = None,
    parallel: Sequence[str] = (),
    base: str | Path = "",
    bundle: str | Path = "mini",
    drop_labels: Sequence[str] = (),
    fresh: bool = False,
    options: TrainOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> Curve:
    """Train on the first 1, 2, 3, ... labelled sources and score each student on a gold file.

    The students imitate one teacher per source, mixed with uniform, learned and NN-Rank weights, and beside them one
    adversarial teacher of all; see `multi` and `advpicker`. No tagger is kept: ``out`` holds ``curve.json``, a table
    and a plot. A stopped run goes on. Arguments are those of `train`.

    Raises:
        UsageError: fewer than two sources, no text of the language, or what `train` refuses.
    """
    require_extra()
    from spanport_models.training import TrainOptions

    if len(labelled) < 2:
        raise UsageError(f"{len(labelled)} labelled files: a curve needs at least 2, one for each source language")
    if test is None:
        raise UsageError("a curve needs --test FILE, gold labels that each point is scored on")
    if Path(out).exists() and not fresh:
        raise UsageError(f"{out} already exists; choose another name, or pass --fresh")
    order = Order(
        lang=resolve(lang), out=str(out), labelled=tuple(labelled), text=text, parallel=tuple(parallel),
        method="sources-curve", base=str(base) or str(bundle), bundle=str(bundle), drop_labels=tuple(drop_labels),
        test=test, fresh=fresh, options=checked(options or TrainOptions()),
    )  # fmt: skip
    curve = _train(order, Path(f"{out}.work"), progress or (lambda line: None))
    _publish(curve, Path(out), fresh)
    shutil.rmtree(f"{out}.work")
    return curve


def _train(order: Order, work: Path, say: Callable[[str], None]) -> Curve:
    """The points that are not there yet, one after the other."""
    from spanport_models.bundle import sha256_of
    from spanport_models.training import SourcesCurve, Trainer, check_base, find_base

    notes, method, options = Notes(say), SourcesCurve(), order.options
    data, dropped = Data(order, notes), frozenset(order.drop_labels)
    data.require(method.needs)
    tags = tags_of(labels_to_learn(order, data, None, notes))
    base = find_base(order.base)
    check_base(base, tags, options)
    if order.fresh:
        shutil.rmtree(work, ignore_errors=True)
    files = {path.name: sha256_of(path) for path in sorted(base.iterdir()) if path.is_file()}
    claim(work, data.digest(tags, files, msgspec.structs.replace(options, save_seconds=0.0)))
    material = build_material(data, Projector(order, data, notes, say), method, tags, work)
    trainer = Trainer(base, method, material, options, work, say)
    points = _points(work / "points.jsonl")
    known = {(point.seed, point.count, point.weighing) for point in points}
    wanted = [(seed, *point) for seed in options.seeds for point in method.points(material)]
    for seed, count, weighing in wanted:
        if (seed, count, weighing) not in known:
            network, run = trainer.train(seed, partial(method.network, material, (count, weighing)))
            found = scored(network, run, data.gold["test"], dropped)
            say(f"{count} sources, {weighing}: F1 {found.f1:.3f} ({found.low:.3f} to {found.high:.3f})")
            points.append(CurvePoint(count, weighing, seed, found.f1, found.low, found.high, run.seconds / 60))
            _write_lines(work / "points.jsonl", points)
    return Curve(order.lang, data.gold["test"].name, material.source_names, tuple(points))


def _points(path: Path) -> list[CurvePoint]:
    return (
        [msgspec.json.decode(line, type=CurvePoint) for line in path.read_bytes().splitlines()]
        if path.exists()
        else []
    )


def _write_lines(path: Path, points: Sequence[CurvePoint]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(b"".join(msgspec.json.encode(point) + b"\n" for point in points))
    partial.replace(path)


def _publish(curve: Curve, out: Path, fresh: bool) -> None:
    from spanport.report import markdown_table
    from spanport.report.plots import lines_plot
    from spanport_models.atomic import new_folder

    with new_folder(out, replace=fresh) as staging:
        (staging / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(curve), indent=2) + b"\n")
        (staging / MARKDOWN).write_text(markdown_table(curve.to_rows()) + "\n", encoding="utf-8")
        title = f"F1 on {Path(curve.test).name} by number of source languages"
        (staging / SVG).write_text(str(lines_plot(title, curve.means())), encoding="utf-8")
