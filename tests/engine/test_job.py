"""Whatever a job's output depends on is in its fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fakes import FakeModels
from spanport.api import Engine
from spanport.errors import UsageError
from spanport.formats.inputs import Input
from spanport.formats.records import Reading
from spanport.job import Files, Task
from spanport.options import StreamOptions
from spanport.systems.ngram import NgramOptions

TASKS: tuple[Task, ...] = ("label", "project", "align")
NEUTRAL = {"bundle", "stream.workers", "stream.resident", "stream.spill_block", "stream.spill_folder"}


@pytest.fixture
def engine() -> Engine:
    return Engine(FakeModels())  # type: ignore[arg-type]


def places(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All values inside a record with their names, such as ``stream.window``."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, f"{name}.{key}".removeprefix("."))
    else:
        yield name, value


def test_every_field_counts_but_those_named_neutral(engine: Engine) -> None:
    inputs = (Input(("a.txt",), "text"), Input(("b.x", "c.x"), "conll", Reading(map_labels={"X": "Y"})))
    files = Files(inputs=inputs, format="jsonl", min_confidence=0.5)
    job = engine.job("label", language="es", pivot="en", options={"drop_labels": ["X"]}, files=files)
    fingerprint = dict(places(job.fingerprint()))
    first, second = fingerprint.pop("files.inputs")
    assert (first["format"], second["format"], second["reading"]["map_labels"]) == ("text", "conll", {"X": "Y"})
    assert "paths" not in {**first, **second}
    everything = dict(places(msgspec.to_builtins(job)))
    del everything["files.inputs"]
    assert {**everything, **fingerprint} == everything
    assert everything.keys() - fingerprint.keys() == NEUTRAL
    assert {"language", "pivot", "device", "models", "version", "settings.drop_labels", "stream.window"} < set(
        fingerprint
    )


def test_a_job_has_all_defaults_filled_in(engine: Engine) -> None:
    job = engine.job("label", language="es", pivot="en", options={"max_length": 3})
    assert (job.language, job.pivot, job.system) == ("spa_Latn", "eng_Latn", "ngram")
    assert job.settings == NgramOptions(max_length=3)
    assert (job.models, job.device, job.align.extraction) == ("0", "cpu", "intersection")


@pytest.mark.parametrize(
    ("arguments", "device"),
    [
        ({"aligned": True}, ""),
        ({"aligned": False}, "cpu"),
        ({"aligned": True, "system": "model-transfer"}, "cpu"),
        ({"aligned": True, "label_source": True}, "cpu"),
    ],
)
def test_the_device_counts_where_a_model_is_run(engine: Engine, arguments: dict[str, Any], device: str) -> None:
    assert engine.job("project", **arguments).device == device


def test_a_system_that_does_not_fit_the_task_is_refused_before_anything_is_opened(engine: Engine) -> None:
    with pytest.raises(UsageError, match="use project"):
        engine.job("label", language="es", pivot="en", system="easyproject")


def test_a_job_is_made_once_and_anew_where_anything_differs(engine: Engine) -> None:
    one = engine.job("label", language="es", options={"max_length": 1}, system="ngram")
    assert engine.job("label", language="es", options={"max_length": 1}, system="ngram") is one
    with pytest.raises(UsageError, match="max_length=True"):
        engine.job("label", language="es", options={"max_length": True}, system="ngram")
    engine.stream_options = StreamOptions(resident="one")
    assert engine.job("label", language="es", options={"max_length": 1}, system="ngram").stream.resident == "one"


def test_links_that_carry_spans_are_as_soft_as_the_bundle_says() -> None:
    with Engine.from_bundle("mini", device="cpu", threads=1) as engine:
        tuned = {task: engine.job(task).align for task in TASKS}
        mixture = engine.models.bundle.mixture
    assert tuned["align"].mixture.scale == tuned["label"].mixture.scale == mixture["scale"]
    assert tuned["project"].mixture.scale == mixture["project_scale"]
    assert tuned["align"].mixture.lexicon == tuned["project"].mixture.lexicon == mixture["lexicon"]
    with Engine.from_bundle("mini", device="cpu", threads=1, align="awesome") as engine:
        assert {engine.job(task).align.threshold for task in TASKS} == {0.001}
