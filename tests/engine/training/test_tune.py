"""`spanport tune`: an aligner from parallel text, in a bundle, with figures before and after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import spanport
from spanport.errors import UsageError
from spanport_models import assemble_pipeline
from spanport_models.bundle import verify_bundle
from spanport_models.export import EncoderOptions, export_encoder
from spanport_models.training import TuneOptions

pytestmark = pytest.mark.slow
FAST = TuneOptions(layer=2, epochs=12, rate=3e-3, batch_tokens=200, freeze=-1)


@pytest.fixture(scope="module")
def bundle(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    export_encoder(files / "base", folder / "encoder", EncoderOptions(precision="fp32", layer=2, licence="none"))
    return assemble_pipeline(folder / "whole", name="toy", encoder=folder / "encoder")


@pytest.fixture(scope="module")
def gold(files: Path) -> str:
    lines = [len(line.split()) for line in (files / "en.txt").read_text().splitlines()]
    path = files / "gold.pharaoh"
    path.write_text("".join(" ".join(f"{i}-{i}" for i in range(n)) + "\n" for n in lines))
    return str(path)


def tune(files: Path, bundle: Path, out: Path, **given: Any) -> spanport.Aligner:
    pair = (str(files / "en.txt"), str(files / "es.txt"))
    settings = {"options": FAST, "base": files / "base", "bundle": bundle, **given}
    return spanport.tune(parallel=pair, lang="es", out=out, **settings)


def test_links_teach_an_aligner(files: Path, bundle: Path, gold: str, tmp_path: Path) -> None:
    test = (str(files / "en.conll"), str(files / "es.conll"))
    made = tune(files, bundle, tmp_path / "out", alignments=gold, gold=gold, test=test)
    assert made.report.after["aer"] < 0.5 * made.report.before["aer"]
    assert made.report.after["f1"] == 1.0
    assert len(verify_bundle(made.folder)) == 3
    assert json.loads((made.folder / "tune.json").read_text())["after"] == made.report.after
    again = tune(files, bundle, tmp_path / "out", alignments=gold, gold=gold, test=test)
    assert again.report.after == made.report.after
    with pytest.raises(UsageError, match="already exists and is not this aligner"):
        tune(files, bundle, tmp_path / "out")


def test_without_links_the_bundle_teaches_itself(files: Path, bundle: Path, gold: str, tmp_path: Path) -> None:
    lines: list[str] = []
    made = tune(files, bundle, tmp_path / "out", gold=gold, progress=lines.append)
    assert made.report.links == "the bundle's own"
    assert made.report.after["aer"] < made.report.before["aer"]
    assert sum("counted a lexicon" in line for line in lines) == 2
    assert not Path(f"{tmp_path / 'out'}.work").exists()


def test_bad_requests_are_refused(files: Path, bundle: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.pharaoh"
    short.write_text("0-0\n")
    with pytest.raises(UsageError, match="has links of 1 pairs; expected 150"):
        tune(files, bundle, tmp_path / "out", gold=str(short))
    short.write_text("0_0\n" * 150)
    with pytest.raises(UsageError, match=r"line 1: link '0_0' is malformed"):
        tune(files, bundle, tmp_path / "out", gold=str(short))
    with pytest.raises(UsageError, match="expected SOURCE TARGET"):
        tune(files, bundle, tmp_path / "out", test=("one",))
    with pytest.raises(UsageError, match="--layer 3: base has 2 layers; expected at most as many"):
        tune(files, bundle, tmp_path / "out", options=TuneOptions(layer=3))
    with pytest.raises(UsageError, match=r"cannot make the folder .*short\.pharaoh/out\.work: Not a directory"):
        tune(files, bundle, short / "out")
    assert not (tmp_path / "out").exists()
    work = tmp_path / "other.work"
    work.mkdir()
    (work / "request").write_text("another")
    with pytest.raises(UsageError, match=r"other\.work holds a stopped run of other inputs or options"):
        tune(files, bundle, tmp_path / "other")
