from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest

import spanport
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine, RecordError
from spanport.integrations.datasets_map import Mapper, _engine


@pytest.fixture
def label(monkeypatch: pytest.MonkeyPatch) -> Any:
    encoder, translator = FakeEncoder({"Ana": "B-PER"}, {"lives": "vive"}), FakeTranslator({"vive": "lives"})
    made = Engine(FakeModels(encoder, translator))  # type: ignore[arg-type]
    monkeypatch.setattr(Engine, "from_bundle", lambda name, threads=None: made)
    _engine.cache_clear()
    yield lambda **options: spanport.mapper(lang="es", **options)
    _engine.cache_clear()


def test_a_batch_gets_its_spans(label: Any) -> None:
    found = label()({"text": ["Ana vive", "vive"]})
    assert [[(span["label"], span["text"]) for span in spans] for spans in found["spans"]] == [[("PER", "Ana")], []]
    assert list(found["spans"][0][0]) == ["start", "end", "label", "text", "score"]
    assert label(column="body", into="ner")({"body": ["Ana"]})["ner"][0][0]["end"] == 3


def test_a_column_of_documents(label: Any) -> None:
    pytest.importorskip("sentencex", reason="the extra sentences is not installed")
    (spans,) = label(sentences=True)({"text": ["vive. Ana"]})["spans"]
    assert [(span["start"], span["text"]) for span in spans] == [(6, "Ana")]
    assert label(sentences=True) != label()


def test_a_text_that_fails(label: Any) -> None:
    with pytest.raises(RecordError, match="the record is None"):
        label()({"text": [None]})
    found = label(on_error="return")({"text": [None, "Ana"]})
    assert [len(spans) for spans in found["spans"]] == [0, 1]
    assert "the record is None" in found["error"][0]
    assert found["error"][1] is None


def test_it_is_its_settings(label: Any) -> None:
    assert pickle.loads(pickle.dumps(label())) == label()
    assert label(column="body") != label()


def test_its_fingerprint_is_the_same_in_every_process() -> None:
    pytest.importorskip("datasets", reason="the extra datasets is not installed")
    code = "import spanport, datasets.fingerprint as f; print(f.Hasher.hash(spanport.mapper(lang='es')))"
    hashes = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(hashes) == 1
    other = Mapper(
        bundle="b",
        digest="1",
        lang="",
        pivot="",
        column="",
        into="",
        system=None,
        threads=1,
        sentences=False,
        on_error="",
    )
    from datasets.fingerprint import Hasher

    assert f"{Hasher.hash(other)}\n" not in hashes


@pytest.mark.slow
def test_several_processes_with_the_bundled_models(tmp_path: Any) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
    data = datasets.Dataset.from_dict({"text": ["María Castaño llegó ayer a Lima."] * 4})
    made = spanport.mapper(lang="es", threads=1)
    here = made({"text": data["text"][:1]})["spans"][0]
    labelled = data.map(made, batched=True, batch_size=2, num_proc=2)
    assert [len(spans) for spans in labelled["spans"]] == [len(here)] * 4
    assert labelled["spans"][0][0]["text"] == "María Castaño"
