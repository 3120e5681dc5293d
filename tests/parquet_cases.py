"""Labelled and plain tables in Parquet, and links between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spanport.formats.inputs import Input
from spanport.formats.records import Reading

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


NAMES = ["O", "B-PER", "I-PER", "B-LOC"]
FEATURES = {"ner_tags": {"feature": {"_type": "ClassLabel", "names": NAMES}, "_type": "Sequence"}}
HUGGING_FACE = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
WORDS = pa.list_(pa.string())
SOURCE = [
    {"tokens": ["Ana", "Ruiz", "lives", "in", "Lima"], "ner_tags": [1, 2, 0, 0, 3]},
    {"tokens": ["Ana"], "ner_tags": [1]},
    {"tokens": [], "ner_tags": []},
    {"tokens": ["Go", "北京"], "ner_tags": [0, 3]},
]
TARGET = [
    {"tokens": ["Ana", "Ruiz", "vive", "en", "Lima"], "id": 7, "note": "é"},
    {"tokens": ["Ana"], "id": None, "note": None},
    {"tokens": [], "id": 1, "note": ""},
    {"tokens": ["!", "北京", "🙂"], "id": 2, "note": "x"},
]
LINKS = "0-0 1-1 2-2 3-3 4-4\n0-0\n\n0-0 1-1\n"


def write(folder: Path, source: Any, target: Any, links: str = LINKS, group: int = 3) -> tuple[Input, Input, str]:
    tags = pa.list_(pa.int64())
    for name, rows, kinds, meta in (
        ("s", source, {"tokens": WORDS, "ner_tags": tags}, HUGGING_FACE),
        ("t", target, {"tokens": WORDS, "id": pa.int64(), "note": pa.string()}, None),
    ):
        if isinstance(rows, list):
            schema = pa.schema(list(kinds.items()), metadata=meta)
            rows = pa.Table.from_pylist(rows, schema)
        pq.write_table(rows, folder / f"{name}.parquet", row_group_size=group)
    (folder / "l.pharaoh").write_text(links)
    left = Input((str(folder / "s.parquet"),), "parquet", Reading(language="eng_Latn"))
    right = Input((str(folder / "t.parquet"),), "parquet", Reading(language="spa_Latn", labels=False))
    return left, right, str(folder / "l.pharaoh")
