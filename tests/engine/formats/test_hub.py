"""Data sets by their names on the hub, on folders of data files that stand for it."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from spanport.errors import UsageError
from spanport.formats import hub
from spanport.formats.reading import find_format, read
from spanport.formats.records import Read
from spanport.types import Sentence, Span

datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
ROWS = [{"tokens": ["Ana", "vive"], "ner_tags": ["B-PER", "O"]}, {"tokens": ["Lima"], "ner_tags": ["B-LOC"]}]
LABELLED = [Span(0, 3, "PER")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of two splits, as the hub holds it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    made = tmp_path / "news"
    made.mkdir()
    for split, rows in (("train", ROWS), ("test", ROWS[:1])):
        (made / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return made


def sentences(path: str, **options: Any) -> list[Sentence]:
    found = list(read(path, language="es", **options))
    assert all(isinstance(item, Read) for item in found), found
    return [item.sentence for item in found if isinstance(item, Read)]


def test_a_split_is_streamed(folder: Path) -> None:
    assert find_format("hf://owner/name").name == "datasets"
    found = sentences(f"hf://{folder}:test")
    assert [(one.text, one.language, list(one.spans)) for one in found] == [("Ana vive", "spa_Latn", LABELLED)]
    assert len(sentences(f"hf://{folder}:train")) == 2


def test_numbers_have_their_names(folder: Path) -> None:
    features = {"tokens": datasets.Sequence(datasets.Value("string"))}
    features["ner_tags"] = datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER", "B-LOC"]))
    data = datasets.Dataset.from_list(ROWS, features=datasets.Features(features))
    one = folder.parent / "one"
    one.mkdir()
    data.to_parquet(str(one / "train.parquet"))
    assert list(sentences(f"hf://{one}")[0].spans) == LABELLED


def test_several_splits_are_to_be_named(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"several splits; name one: .*:train, .*:test"):
        read(f"hf://{folder}")


@pytest.mark.parametrize(
    ("more", "says"),
    [(":dev", "dev"), (":", "names no data set"), (":a:b:c", "names no data set"), (":other:train", "other")],
)
def test_what_is_not_there_is_said(folder: Path, more: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(f"hf://{folder}{more}")


def test_a_missing_column_is_an_error_at_once(folder: Path) -> None:
    with pytest.raises(UsageError, match="no column 'body'"):
        read(f"hf://{folder}:test", text_column="body")


def test_a_name_of_the_hub_is_read_at_its_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Api:
        def dataset_info(self, name: str, timeout: float) -> Any:
            asked.append((name, timeout))
            return type("Info", (), {"sha": "c" * 40})

    def load(name: str, config: str | None, **options: Any) -> Any:
        asked.append((name, config, options))
        return whole(str(folder), split=options["split"], streaming=True)

    whole = datasets.load_dataset
    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    monkeypatch.setattr(datasets, "load_dataset", load)
    assert len(sentences("hf://owner/news:es:test")) == 1
    options = {"split": "test", "streaming": True, "revision": "c" * 40}
    assert asked == [("owner/news", hub.PATIENCE), ("owner/news", "es", options)]


@pytest.mark.parametrize("silent", [True, False])
def test_without_a_network_it_is_said_soon(folder: Path, monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    monkeypatch.setattr(hub, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts and never answers
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        if not silent:
            server.close()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
        began = time.monotonic()
        with pytest.raises(UsageError, match="cannot be reached"):
            read("hf://owner/news:train")
    assert time.monotonic() - began < 30
