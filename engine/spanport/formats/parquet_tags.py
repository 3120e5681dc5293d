"""Parquet tables of ``tokens`` and ``ner_tags``, the layout on which token classifiers are trained.

Tags are IOB2, numbers with names in the metadata that Hugging Face datasets reads (``Sequence(ClassLabel)``). Spans,
scores and sources are not written, and ``text`` only where one is not its words joined by one space. Other columns
are kept. Reading is that of `spanport.formats.arrow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from spanport.formats.arrow_schema import schema_of
from spanport.formats.arrow_writing import parquet_writer, record_batches, row_groups, save_row_groups
from spanport.formats.conll import tags_of
from spanport.formats.extras import library
from spanport.formats.fields import fields_of
from spanport.formats.jsonl import line_of
from spanport.formats.staged import Staged
from spanport.types import Projection, Sentence
from spanport.words import with_words

EXTRA = "parquet"
TAGGED = "parquet-tags"
TAGS = "ner_tags"


def encode_tagged(sentence: Sentence) -> bytes:
    """The JSON line of `tagged_fields`."""
    return line_of(tagged_fields(sentence), sentence.text)


def encode_tagged_projection(projection: Projection) -> bytes:
    """The target with its projected spans; see `encode_tagged`."""
    return encode_tagged(projection.labelled())


def tagged_fields(sentence: Sentence) -> dict[str, Any]:
    """Text, language, words, IOB2 tags and every extra field; a span labels every word that it touches.

    Raises:
        FormatError: spans overlap, which a tag per word cannot say.
    """
    sentence = with_words(sentence)
    fields = fields_of(sentence) | {"tokens": sentence.word_texts()}
    return {TAGS if name == "spans" else name: value for name, value in fields.items()} | {TAGS: tags_of(sentence)}


def save_parquet_tags(path: str, records: Staged) -> None:
    """Write the records."""
    names = _names(fields[TAGS] for fields in records)
    numbers = {name: number for number, name in enumerate(names)}
    joined = all(fields["text"] == " ".join(fields["tokens"]) for fields in records)
    schema = _schema(records, joined=joined, names=names)
    rows = ({**fields, TAGS: [numbers[tag] for tag in fields[TAGS]]} for fields in records)
    with parquet_writer(path, schema) as writer:
        for batch in record_batches(rows, schema):
            writer.write_batch(batch)


def save_parquet_tag_batches(path: str, staged: str) -> None:
    """Write what `spanport.bulk` staged: Arrow streams in which tags are dictionaries of their names."""
    names = _names(_used(table) for table in row_groups(staged))
    numbered = (_numbered(table, names) for table in row_groups(staged))
    save_row_groups(path, numbered, _words().with_metadata(_metadata(names)))


def _names(tags: Iterable[Iterable[str]]) -> list[str]:
    """O, and what begins and goes on with an entity of each type that there is."""
    types = sorted({tag[2:] for row in tags for tag in row if tag != "O"})
    return ["O", *(f"{prefix}-{name}" for name in types for prefix in "BI")]


def _metadata(names: list[str]) -> dict[str, bytes]:
    label = {"names": names, "_type": "ClassLabel"}
    return {
        "huggingface": msgspec.json.encode({"info": {"features": {TAGS: {"feature": label, "_type": "Sequence"}}}})
    }


def _schema(records: Staged, *, joined: bool, names: list[str]) -> Any:
    pa = library("pyarrow", EXTRA)
    others = schema_of({name: value for name, value in fields.items() if name != TAGS} for fields in records)
    left_out = {"spans", "tokens", *(["text"] if joined else [])}
    return pa.schema(
        [*_words(), *(field for field in others if field.name not in left_out)], metadata=_metadata(names)
    )


def _words() -> Any:
    pa = library("pyarrow", EXTRA)
    return pa.schema({"tokens": pa.list_(pa.string()), TAGS: pa.list_(pa.int64())})


def _used(table: Any) -> Iterator[str]:
    """The tags that occur."""
    for chunk in table.column(TAGS).chunks:
        yield from chunk.flatten().unique().to_pylist()


def _numbered(table: Any, names: list[str]) -> Any:
    """The table with numbers for tags."""
    pa = library("pyarrow", EXTRA)
    numbers, chunks = {name: number for number, name in enumerate(names)}, []
    for chunk in table.column(TAGS).chunks:
        tags = chunk.values
        known = np.array([numbers.get(name, 0) for name in tags.dictionary.to_pylist()])
        chunks.append(pa.ListArray.from_arrays(chunk.offsets, known[tags.indices.to_numpy()]))
    column = pa.chunked_array(chunks, pa.list_(pa.int64()))
    numbered = table.set_column(table.schema.get_field_index(TAGS), TAGS, column)
    return numbered.replace_schema_metadata(_metadata(names))
