"""The curve over source languages: its points, one teacher a source, resumption, table and plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from spanport.errors import UsageError
from spanport.training import Curve, CurvePoint, sources_curve
from spanport_models.training import TrainOptions

pytestmark = pytest.mark.slow


def curve(files: Path, out: Path, **given: Any) -> Curve:
    options = TrainOptions(epochs=2, rate=3e-3, freeze=-1, batch_tokens=128, save_seconds=0)
    labelled = [f"{files}/en.conll:en", f"{files}/es.conll:pt"]
    settings = {"text": files / "es.txt", "test": files / "test.conll", "labelled": labelled, **given}
    return sources_curve(lang="es", out=out, base=files / "base", options=options, **settings)


def test_points_of_two_sources_and_what_is_written(files: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    found = curve(files, tmp_path / "out", progress=lines.append)
    assert [(point.count, point.weighing) for point in found.points] == [
        (1, "uniform"), (1, "adversarial"), (2, "uniform"), (2, "learned"), (2, "nn-rank"), (2, "adversarial"),
    ]  # fmt: skip
    assert found.sources == ("en.conll", "es.conll")
    assert all(point.f1 > 0.3 and point.minutes > 0 for point in found.points)
    assert msgspec.json.decode((tmp_path / "out" / "curve.json").read_bytes(), type=Curve) == found
    assert "| 2: en.conll, es.conll |" in (tmp_path / "out" / "curve.md").read_text()
    plot = (tmp_path / "out" / "curve.svg").read_text()
    assert plot.lstrip().startswith("<svg xmlns")
    assert plot.count("<circle") == 6
    assert not (tmp_path / "out.work").exists()
    assert sum("weights of the teachers" in line for line in lines) == 4  # of one source, and three of both


def test_a_stopped_curve_goes_on_with_its_points(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spanport_models.training import SourcesCurve

    whole, done = SourcesCurve.network, []

    def stops(self: SourcesCurve, *given: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(given[1])
        return whole(self, *given)

    monkeypatch.setattr(SourcesCurve, "network", stops)
    with pytest.raises(KeyboardInterrupt):
        curve(files, tmp_path / "out")
    fits = {path.relative_to(tmp_path / "out.work" / "seed-29").as_posix() for path in tmp_path.rglob("teacher*.pt")}
    assert fits == {"teacher-0.pt", "1-adversarial/teacher.pt"}  # mixtures share the teacher of a source
    monkeypatch.setattr(SourcesCurve, "network", whole)
    again, straight = curve(files, tmp_path / "out"), curve(files, tmp_path / "straight")
    assert [point.f1 for point in again.points] == [point.f1 for point in straight.points]
    with pytest.raises(UsageError, match="already exists"):
        curve(files, tmp_path / "out")


def test_what_a_curve_needs(files: Path, tmp_path: Path) -> None:
    for given, message in (
        ({"labelled": [files / "en.conll"]}, "at least 2, one for each source language"),
        ({"text": None}, "needs --text, --parallel or --projected"),
        ({"test": None}, "needs --test FILE"),
    ):
        with pytest.raises(UsageError, match=message):
            curve(files, tmp_path / "out", **given)
    assert not (tmp_path / "out.work").exists()


def test_means_over_seeds() -> None:
    points = tuple(
        CurvePoint(count, "uniform", seed, f1, 0, 1, 0) for count, seed, f1 in ((1, 1, 0.4), (1, 2, 0.6), (2, 1, 0.7))
    )
    found = Curve("spa_Latn", "t", ("en", "pt"), points)
    assert found.means() == {"uniform": [(1, 0.5), (2, 0.7)]}
    assert found.to_rows()[1] == {"sources": "2: en, pt", "uniform": "0.700"}
