"""`spanport train`, from files to a bundle that labels: what is made, resumed, chosen and refused."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import spanport
from spanport.errors import DeviceError, ExportError, UsageError
from spanport.training import LessonOptions
from spanport_models.bundle import verify_bundle
from spanport_models.training import TrainOptions

pytestmark = pytest.mark.slow
FAST = TrainOptions(epochs=6, rate=3e-3, freeze=-1, batch_tokens=128)


def train(files: Path, out: Path, **given: Any) -> spanport.Tagger:
    settings = {"lang": "es", "base": files / "base", "options": FAST, "labelled": [files / "en.conll"], **given}
    return spanport.train(out=out, **settings)


@pytest.fixture(scope="module")
def tagger(files: Path, tmp_path_factory: pytest.TempPathFactory) -> spanport.Tagger:
    out = tmp_path_factory.mktemp("out") / "tagger"
    pair = (str(files / "en.conll"), str(files / "es.txt"))
    return train(files, out, method="self", parallel=pair, labelled=(), test=files / "test.conll")


def test_the_bundle_labels_as_transformers_does(tagger: spanport.Tagger, files: Path) -> None:
    from transformers import pipeline

    texts = (files / "es.txt").read_text().splitlines()[:60]
    with spanport.Engine.from_bundle(str(tagger.folder), device="cpu") as engine:
        ours = [found.labelled().span_texts() for found in engine.label(texts, lang="es", system="model-transfer")]
    theirs = pipeline("token-classification", str(tagger.huggingface), aggregation_strategy="first", device="cpu")
    read = [[(one["entity_group"], text[one["start"] : one["end"]]) for one in theirs(text)] for text in texts]
    same = sum(a == b for mine, other in zip(ours, read, strict=True) for a, b in zip(mine, other, strict=False))
    assert same >= 0.99 * sum(map(len, ours)) > 0
    assert sum(map(len, ours)) == sum(map(len, read))


def test_card_and_report_say_what_was_done(tagger: spanport.Tagger) -> None:
    report = json.loads((tagger.folder / "train.json").read_text())
    assert report["method"] == "self"
    assert report["labels"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert report["figures"]["29"]["test"]["f1"] > 0.9
    assert abs(report["exported"]["test"]["f1"] - report["figures"]["29"]["test"]["f1"]) < 0.05
    assert report["label_agreement"] > 0.98
    assert report["curves"]["round-1"][0][1] > report["curves"]["round-1"][-1][1]
    assert [one["role"] for one in report["inputs"]] == ["parallel", "test"]
    assert len(report["digest"]) == len(report["request"]) == 64
    card = (tagger.folder / "MODEL_CARD.md").read_text()
    assert "Nothing was chosen on labels of the target language" in card
    assert f"weights {report['digest']}" in card
    assert not Path(f"{tagger.folder}.work").exists()
    assert len(verify_bundle(tagger.folder)) == 2


def test_the_same_request_is_not_trained_twice(tagger: spanport.Tagger, files: Path) -> None:
    pair = (str(files / "en.conll"), str(files / "es.txt"))
    same = {"method": "self", "parallel": pair, "labelled": (), "test": files / "test.conll"}
    lines: list[str] = []
    again = train(files, tagger.folder, **same, progress=lines.append)
    assert again.report.digest == tagger.report.digest
    assert "already holds this tagger" in lines[-1]
    with pytest.raises(UsageError, match="already exists and is not this tagger"):
        train(files, tagger.folder, **{**same, "test": None})


def test_a_tagger_is_a_base(tagger: spanport.Tagger, files: Path, tmp_path: Path) -> None:
    further = train(files, tmp_path / "out", method="direct", base=tagger.folder, test=files / "test.conll")
    assert further.report.figures["29"]["test"].f1 > 0.9  # what direct alone does not reach


def test_seeds_give_a_spread_and_dev_may_choose(files: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, rate=3e-3, freeze=-1, seeds=(1, 2, 3))
    given: dict[str, Any] = {"method": "direct", "options": options, "dev": files / "test.conll"}
    first = train(files, tmp_path / "first", **given)
    best = train(files, tmp_path / "best", **given, select="target-dev")
    scores = {seed: own["dev"].f1 for seed, own in best.report.figures.items()}
    assert len(set(scores.values())) > 1
    assert first.report.seed == 1
    assert scores[str(best.report.seed)] == max(scores.values())
    assert "The seed was chosen on labelled dev text" in (best.folder / "MODEL_CARD.md").read_text()


def test_dropped_labels_are_outside(files: Path, tmp_path: Path) -> None:
    made = train(files, tmp_path / "out", method="direct", drop_labels=["LOC"], test=files / "test.conll")
    assert made.report.labels == ("O", "B-PER", "I-PER")
    assert made.report.exported["test"].f1 > 0.5


def test_a_budget_means_fewer_epochs(files: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=1e6, budget=0.02, rate=3e-3, freeze=-1)
    start = time.monotonic()
    made = train(files, tmp_path / "out", method="direct", options=options)
    assert made.report.plan["epochs"] < 1e5
    assert made.report.seconds["29"] < 60
    assert time.monotonic() - start < 300


@pytest.mark.parametrize("given", ["text", "parallel", "projected"])
def test_self_from_any_target_text(given: str, files: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, rate=3e-3, freeze=-1, batch_tokens=128)
    data: dict[str, Any] = {
        "text": {"text": files / "es.txt"},
        "parallel": {"parallel": (str(files / "en.txt"), str(files / "es.txt"))},
        "projected": {"projected": files / "es.conll"},
    }[given]
    made = train(
        files, tmp_path / "out", options=options, test=files / "test.conll", drop_labels=["ORG", "MISC"], **data
    )
    assert set(made.report.curves) == ({"round-1"} if given == "projected" else {"round-1", "round-2"})
    assert made.report.figures["29"]["test"].f1 > 0.3


@pytest.mark.parametrize("method", ["unitrans", "advpicker", "concner", "colada"])
def test_every_method_runs(method: str, files: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=1, rate=3e-3, freeze=-1, batch_tokens=128)
    pair = (str(files / "en.conll"), str(files / "es.txt"))
    made = train(files, tmp_path / "out", method=method, options=options, parallel=pair, test=files / "test.conll")
    assert made.report.exported["test"].f1 > 0.2
    assert sum(made.report.seconds.values()) > 0
    assert sys.float_info.min / 2 > 0  # floats are those of IEEE 754 again, denormal ones included


def test_bad_requests_are_refused_before_the_work(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="'teacher' needs --text, --parallel or --projected"):
        train(files, out, method="teacher")
    with pytest.raises(UsageError, match=r"unknown method 'directly' \(did you mean 'direct'"):
        train(files, out, method="directly")
    with pytest.raises(UsageError, match="needs --dev"):
        train(files, out, method="direct", select="target-dev")
    with pytest.raises(UsageError, match="expected SOURCE TARGET"):
        train(files, out, method="projected", parallel=("one",))
    with pytest.raises(UsageError, match=r"TrainOptions: Expected `float` >= 1e-06 - at `\$.epochs`"):
        train(files, out, method="direct", options=TrainOptions(epochs=0))
    with pytest.raises(UsageError, match=r"tau=2: expected"):
        LessonOptions(tau=2)
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors"):
        (bare / name).write_bytes((files / "base" / name).read_bytes())
    with pytest.raises(ExportError, match="tokenizer"):
        train(files, out, method="direct", base=bare)
    monkeypatch.setattr("spanport_models.devices.free_memory", lambda: 100_000)
    with pytest.raises(DeviceError, match="needs about"):
        train(files, out, method="direct")
    assert not out.exists()
    assert not Path(f"{out}.work").exists()


def test_killed_ten_times_it_ends_with_the_same_weights(files: Path, tmp_path: Path, tagger: spanport.Tagger) -> None:
    options = TrainOptions(epochs=12, rate=3e-3, freeze=-1, batch_tokens=128, save_seconds=0)
    given: dict[str, Any] = {"method": "teacher", "text": files / "es.txt", "options": options}
    start = time.monotonic()
    whole = train(files, tmp_path / "whole", **given)
    seconds, draw = time.monotonic() - start, random.Random(4)
    for _ in range(10):
        child = os.fork()  # a process of its own, without the seconds that its imports would take
        if child == 0:
            train(files, tmp_path / "killed", **given)
            os._exit(0)
        time.sleep(draw.uniform(0.2, 0.8) * seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    killed = train(files, tmp_path / "killed", **given)
    assert killed.report.digest == whole.report.digest
