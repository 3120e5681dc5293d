"""Calibrations of one's own: what they learn, when there is nothing to learn from, and the bundle that is made."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from engine_sentences import sentence
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine
from spanport.cli.app import run
from spanport.compare import DataSet
from spanport.errors import UsageError
from spanport.systems.calibrated.regression import load_calibration
from spanport.training import calibrate
from spanport.training.calibrating import Views, fit, held_out, read_views
from spanport.types import Pair
from spanport_models import verify_bundle

WORDS = {"vive": "lives", "en": "in", "hoy": "today", "lluvia": "rain"}
TAGS = {"Ana": "B-PER", "Eva": "B-PER", "Lugo": "B-LOC", "Quito": "B-LOC", "today": "B-LOC", "rain": "B-MISC"}
PEOPLE, PLACES = ("Ana", "Eva"), ("Lugo", "Quito")


def engine(tags: dict[str, str] = TAGS) -> Engine:
    """Its classifier takes "today" for a place, which no gold label says."""
    concepts = {english: spanish for spanish, english in WORDS.items()}
    return Engine(FakeModels(FakeEncoder(tags, concepts), FakeTranslator(WORDS)))  # type: ignore[arg-type]


def data(count: int = 120) -> DataSet:
    texts = [
        f"[PER {PEOPLE[i % 2]}] vive {'hoy' if i % 3 else 'lluvia'} en [LOC {PLACES[i // 2 % 2]}]"
        for i in range(count)
    ]
    return DataSet("es", "spa_Latn", [sentence(text, "spa_Latn") for text in texts], None, False, [])


def test_a_mistake_that_recurs_is_learned(tmp_path: Path) -> None:
    own, said = engine(), list[str]()
    views = read_views(own, [data()], translates=True, say=said.append)
    assert said == ["es, source translated: 120 sentences, 360 source entities"]
    tags = own.models.encoder().labels
    made = fit(views, tags, said.append)
    assert made.fitted == "es (120 sentences)"
    assert made.translated is not None
    assert held_out(views, tags) == 1.0
    path = tmp_path / "calibration.json"
    path.write_bytes(msgspec.json.encode(made))
    assert load_calibration(str(path)) == made
    texts = [gold.text for gold in data(6).gold]
    found = own.label(texts, lang="es", system="calibrated", options={"calibration": str(path)})
    assert [one.labelled().span_texts() for one in found] == [gold.span_texts() for gold in data(6).gold]
    plain = next(own.label(["Ana vive hoy en Lugo"], lang="es", system="ngram"))
    assert ("LOC", "hoy") in plain.labelled().span_texts()


def test_given_sources_are_fitted_beside_translations() -> None:
    gold = data()
    english = [sentence(one.text.replace("vive", "lives").replace("hoy", "today")) for one in gold.gold]
    given = gold._replace(pairs=[Pair(a, b) for a, b in zip(english, gold.gold, strict=True)])
    own = engine()
    both = read_views(own, [given], translates=True, say=lambda line: None)
    assert (len(both.given), len(both.translated)) == (1, 1)
    alone = read_views(own, [given], translates=False, say=lambda line: None)
    assert alone.translated == []
    made = fit(alone, own.models.encoder().labels, lambda line: None)
    assert made.translated is None
    assert held_out(alone, own.models.encoder().labels) > 0.9


def test_nothing_to_fit_on() -> None:
    def views(own: Engine, one: DataSet, translates: bool = True) -> Views:
        return read_views(own, [one], translates=translates, say=lambda line: None)

    with pytest.raises(UsageError, match="the data has 80 labelled entities; expected at least 100"):
        views(engine(), data(40))
    with pytest.raises(UsageError, match="has no translator: give the sources"):
        views(engine(), data(), translates=False)
    with pytest.raises(UsageError, match="finds no entity in the sources: is it a token classifier"):
        views(engine({}), data())


def write(path: Path, gold: DataSet) -> Path:
    lines = []
    for one in gold.gold:
        tags = dict.fromkeys(range(len(one.words)), "O") | {i: f"B-{label}" for i, _, label in one.word_spans()}
        lines += [f"{word} {tags[i]}" for i, word in enumerate(one.word_texts())] + [""]
    path.write_text("\n".join(lines) + "\n", "utf8")
    return path


@pytest.mark.slow
def test_the_command_makes_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    words = ["calibrate", "--data", str(write(tmp_path / "dev.conll", data(60))), "--lang", "es", "-o", str(out)]
    monkeypatch.setattr(sys, "argv", ["spanport", *words])
    assert run() == 0
    assert "F1 of calibrated, held out" in capfd.readouterr().out
    assert len(verify_bundle(out)) == 3
    with Engine.from_bundle(str(out), threads=1) as own:
        assert load_calibration("", own.models.calibration()).fitted == "spa_Latn (60 sentences)"
        (result,) = own.label(["Ana vive en Quito"], lang="es")
        assert result.spans
    assert run() == 2
    assert "is there already; name another folder, or pass --fresh" in capfd.readouterr().err


@pytest.mark.data
def test_of_real_gold_the_calibrated_system_is_the_better(tmp_path: Path) -> None:
    dev = Path(os.environ["SPANPORT_DATA"]) / "conll-parallel" / "original" / "es.dev.tsv"
    report = calibrate(data=str(dev), lang=["es"], out=tmp_path / "mine", input_format="conll", limit=500, threads=1)
    assert report.entities > 500
    assert report.calibrated > report.ngram
