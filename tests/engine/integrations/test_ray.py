"""The callables for Arrow batches, and what an actor gets."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine
from spanport.errors import RuntimeMissingError, StageError, UsageError
from spanport.integrations.ray import Label, Project
from spanport.integrations.ray_job import Share, connect, share_of

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


@pytest.fixture
def engine() -> Engine:
    encoder, translator = FakeEncoder({"Ana": "B-PER"}, {"lives": "vive"}), FakeTranslator({"vive": "lives"})
    return Engine(FakeModels(encoder, translator))  # type: ignore[arg-type]


def test_a_batch_gets_spans_and_errors(engine: Engine) -> None:
    table = pa.table({"row": [1, 2, 3], "body": ["Ana vive", None, "vive"]})
    made = Label(engine, lang="es", column="body")
    for batch in (table, table.to_batches()[0]):
        found = made(batch)
        assert found.schema.names == ["row", "body", "spans", "error"]
        rows = found.to_pylist()
        assert [row["row"] for row in rows] == [1, 2, 3]
        assert [row["spans"] and [span["text"] for span in row["spans"]] for row in rows] == [["Ana"], None, []]
        assert "the record is None" in rows[1]["error"]
        assert [row["error"] is None for row in rows] == [True, False, True]
    (only,) = Label(engine, lang="es", min_confidence=1.0, into="ner")(pa.table({"text": ["Ana"]})).to_pylist()
    assert only["ner"] == []
    with pytest.raises(UsageError, match="a column 'error' already; name another with errors="):
        made(found.drop_columns(["spans"]))


def test_parallel_text_with_links_and_without(engine: Engine) -> None:
    span = {"start": 0, "end": 3, "label": "PER"}
    table = pa.table(
        {
            "source": ["Ana lives", "Ana lives", "Ana lives"],
            "labels": [[span], [{**span, "end": 30}], []],
            "target": ["vive Ana", "vive Ana", "vive Ana"],
            "links": ["0-1 1-0", "0-1", "0--1"],
        }
    )
    made = Project(engine, source_lang="en", lang="es", links="links")(table).to_pylist()
    assert [row["spans"] and [span["text"] for span in row["spans"]] for row in made] == [["Ana"], None, None]
    assert "30" in made[1]["error"]
    assert "negative" in made[2]["error"]
    table = pa.table({"en": [["Ana", "lives"]], "tags": [["B-PER", "O"]], "es": [["vive", "Ana"]]})
    (row,) = Project(engine, source_lang="en", lang="es", source="en", labels="tags", target="es")(table).to_pylist()
    assert [(span["label"], span["text"]) for span in row["spans"]] == [("PER", "Ana")]


def test_what_each_actor_gets() -> None:
    def node(cores: float, gpus: float = 0, alive: bool = True) -> dict[str, Any]:
        return {"Alive": alive, "Resources": {"CPU": cores, "GPU": gpus}}

    assert share_of([node(8), node(4), node(64, alive=False)], 0, 0) == Share(4, 0, 3)
    assert share_of([node(8), node(4), node(1)], 2, 0) == Share(2, 0, 6)
    assert share_of([node(16), node(16, 4)], 0, 1) == Share(4, 1, 4)
    with pytest.raises(StageError, match="no machine of the Ray cluster has 2 cores and 0 GPUs"):
        share_of([node(1)], 2, 0)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeMissingError, match=r"pip install 'spanport\[ray\]'"):
        connect("auto")
