"""Other tools' own readers on what we write, where they are installed: CI installs them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from spanport.formats import write
from spanport.types import Sentence, Span

GIVEN = [
    Sentence("Ana Ruiz vive en  Lugo .", "spa_Latn", spans=(Span(0, 8, "PER", 0.5), Span(18, 22, "LOC", 0.75))),
    Sentence("Hoy 😀 Lima", "spa_Latn", spans=(Span(6, 10, "LOC", 0.5),)),
    Sentence("Nada", "spa_Latn"),
]
CONFIG = """<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
<Text name="text" value="$text"/></View>"""


@pytest.mark.slow
def test_gliner_loads_its_training_data(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    processor = pytest.importorskip("gliner.data_processing.processor", reason="GLiNER is not installed")
    write(tmp_path / "a.json", GIVEN, "gliner")
    examples = json.loads((tmp_path / "a.json").read_bytes())
    config = SimpleNamespace(max_width=12, max_len=384, words_splitter_type="whitespace")
    tokenizer = SimpleNamespace(unk_token="?", pad_token="_")
    loader = processor.UniEncoderSpanProcessor(config, tokenizer, None)
    batch = loader.collate_raw_batch(examples, entity_types=["PER", "LOC"])
    assert batch["tokens"][0] == ["Ana", "Ruiz", "vive", "en", "Lugo", "."]
    found = []
    for i, words in enumerate(batch["tokens"]):
        columns = [batch[name][i].tolist() for name in ("span_idx", "span_label", "span_mask")]
        for (first, last), label, there in zip(*columns, strict=True):
            if there and label:
                found.append((i, words[first : last + 1], ["PER", "LOC"][label - 1]))
    assert found == [(0, ["Ana", "Ruiz"], "PER"), (0, ["Lugo"], "LOC"), (1, ["Lima"], "LOC")]


@pytest.mark.slow
def test_label_studio_converts_our_predictions_once_accepted(tmp_path: Path) -> None:
    module = pytest.importorskip("label_studio_sdk.converter.converter", reason="label-studio-sdk is not installed")
    write(tmp_path / "tasks.json", GIVEN)
    tasks = json.loads((tmp_path / "tasks.json").read_bytes())
    for number, task in enumerate(tasks, 1):
        task.update(id=number, annotations=[{**one, "id": number} for one in task.pop("predictions")])
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    converter = module.Converter(CONFIG, project_dir=str(tmp_path), download_resources=False)
    converter.convert_to_conll2003(str(tmp_path / "export.json"), str(tmp_path), is_dir=False)
    rows = [line.split(" -X- _ ") for line in (tmp_path / "result.conll").read_text("utf8").splitlines()[1:] if line]
    assert [row for row in rows if row[1] != "O"] == [
        ["Ana", "B-PER"],
        ["Ruiz", "I-PER"],
        ["Lugo", "B-LOC"],
        ["Lima", "B-LOC"],
    ]
