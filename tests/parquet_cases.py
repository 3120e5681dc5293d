"""Labelled and plain tables in Parquet, links between them, and what becomes of them in bulk and ordinarily."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes import FakeModels
from spanport import Engine
from spanport.bulk import project_tables
from spanport.formats import FORMATS
from spanport.formats.fields import fields_of, fields_of_projection
from spanport.formats.inputs import Input
from spanport.formats.parallel import parallel
from spanport.formats.parquet_tags import tagged_fields
from spanport.formats.reading import read, read_alignments
from spanport.formats.records import Read, Reading, Rejected, shown
from spanport.output import Part, Reject
from spanport.systems import make_system
from spanport.types import Pair, Projection
from spanport_kernels.label_codes import LabelTypes

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


Made = tuple[int, list[dict[str, Any]], list[Reject]]


def ordinarily(
    source: Input, target: Input, links: str, system: str = "ngram", options: Any = None, *, tagged: bool = False
) -> Made:
    made, rejects, count = list[dict[str, Any]](), list[Reject](), 0
    engine = Engine(FakeModels())  # type: ignore[arg-type]
    readers: list[Any] = [("s", source.read()), ("t", target.read()), ("l", read_alignments(links))]
    for row in parallel(*readers):
        count += 1
        outcome: Any = next((item.error for item in row if isinstance(item, Rejected)), None)
        if outcome is None:
            pair = Pair(row[0].sentence, row[1].sentence, row[2].alignment)
            (outcome,) = engine.project([pair], system=system, aligned=True, options=options, on_error="return")
        if isinstance(outcome, Projection):
            made.append(tagged_fields(outcome.labelled()) if tagged else fields_of_projection(outcome))
        else:
            rejects.append(Reject.of(row[0].line, outcome, shown(row), source.paths[0]))
    return count, made, rejects


def known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def made(folder: Path, given: tuple[Input, Input, str], system: str, options: Any, form: str) -> list[Part]:
    """What becomes of a file that is written as ``out.parquet``."""
    parts = list(project_tables(*given, make_system(system, options), LabelTypes(), format=form))
    (folder / "staged").write_bytes(b"".join(part.output for part in parts))
    save = FORMATS[form].save_batches
    assert save is not None
    save(str(folder / "out.parquet"), str(folder / "staged"))
    return parts


def tagged_in_bulk(folder: Path, given: tuple[Input, Input, str], system: str = "ngram", options: Any = None) -> Made:
    """As `in_bulk`, of words and tags alone, which are read without spanport."""
    parts, records = made(folder, given, system, options, "parquet-tags"), []
    table = pq.read_table(folder / "out.parquet")
    names = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]["ner_tags"]["feature"]["names"]
    for row in table.to_pylist():
        row["ner_tags"] = [names[tag] for tag in row["ner_tags"]]
        records.append({"text": " ".join(row["tokens"]), **known(row)})
    return sum(part.records for part in parts), records, [reject for part in parts for reject in part.rejects]


def in_bulk(folder: Path, given: tuple[Input, Input, str], system: str = "ngram", options: Any = None) -> Made:
    parts, records = made(folder, given, system, options, "parquet"), []
    for item in read(folder / "out.parquet"):
        assert isinstance(item, Read), item
        records.append(fields_of(item.sentence))
    for fields, row in zip(records, pq.read_table(folder / "out.parquet").to_pylist(), strict=True):
        fields["spans"] = [{**span, "source": known(span["source"])} for span in row["spans"]]
    return sum(part.records for part in parts), records, [reject for part in parts for reject in part.rejects]
