"""Hugging Face datasets: a folder that ``save_to_disk`` made, or a name on the hub (see `hub`, read only).

Labels that are numbers take their names from the features. Written are the columns of `spanport.formats.fields`, and
``tokens`` with ``ner_tags``, a sequence of class labels in IOB2; these are null where tags cannot say what the spans
say (overlapping spans, two in one word).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spanport.errors import FormatError, UsageError
from spanport.formats.arrow import BATCH, Columns, rows_of, table_path
from spanport.formats.arrow_schema import json_columns, schema_of, to_row
from spanport.formats.conll import tags_of
from spanport.formats.extras import library
from spanport.formats.hub import is_hub_name, load_hub
from spanport.formats.lines import Source
from spanport.formats.records import Reading, ReadResult
from spanport.formats.staged import Staged
from spanport.labels import spans_of_labels
from spanport.words import with_words

EXTRA = "datasets"
TAGS = "ner_tags"
NOTE = "Columns that hold JSON: "
"""What the description of a data set says where one column type cannot hold all values."""


def read_datasets(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per row.

    Raises:
        UsageError: at once, when this is no such folder and no name on the hub, holds several splits, or lacks a
            column.
    """
    path = table_path(source, "a data set")
    if is_hub_name(path):
        data = load_hub(path)
        return _rows(data.with_format("arrow"), Columns(data.features.arrow_schema, path, reading))
    datasets = library("datasets", EXTRA)
    try:
        data = datasets.load_from_disk(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{path} cannot be read as a data set saved by save_to_disk: {error}") from error
    if isinstance(data, datasets.DatasetDict):
        raise UsageError(
            f"{path} holds several splits; name one: {', '.join(str(Path(path, split)) for split in data)}"
        )
    table = data.with_format("arrow")
    columns = Columns(table.features.arrow_schema, path, reading, _json_in(data.info.description))
    return _rows(table, columns)


def save_datasets(path: str, records: Staged) -> None:
    """Write the records as a data set that ``load_from_disk`` reads.

    Raises:
        UsageError: there are none, and the library cannot read what it saves of no rows.
    """
    datasets = library("datasets", EXTRA)
    if next(iter(records), None) is None:
        raise UsageError("there are no records, and a Hugging Face data set without rows cannot be read again")
    schema = schema_of(records)
    json = json_columns(schema)
    labels = sorted({span["label"] for fields in records for span in fields["spans"]})
    names = ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]
    features = dict(datasets.Features.from_arrow_schema(schema.remove_metadata()))
    features["tokens"] = datasets.Sequence(datasets.Value("string"))
    features[TAGS] = datasets.Sequence(datasets.ClassLabel(names=names))

    def rows() -> Iterator[dict[str, Any]]:
        for fields, sentence in records.sentences():
            sentence = with_words(sentence)
            tags = _tags(sentence)
            yield {**dict.fromkeys(features), **to_row(fields, json), "tokens": sentence.word_texts(), TAGS: tags}

    with TemporaryDirectory(dir=Path(path).resolve().parent, prefix=".spanport-") as cache:
        datasets.disable_progress_bars()
        made = datasets.Dataset.from_generator(rows, features=datasets.Features(features), cache_dir=cache)
        made.info.description = f"{NOTE}{', '.join(sorted(json))}" if json else ""
        made.save_to_disk(path)


def _json_in(description: str | None) -> frozenset[str]:
    """The columns that a note in the description says to hold JSON."""
    return frozenset(
        (description or "").removeprefix(NOTE).split(", ") if (description or "").startswith(NOTE) else ()
    )


def _tags(sentence: Any) -> list[str] | None:
    """IOB2 tags, where they say all that the spans say."""
    try:
        tags = tags_of(sentence)
    except FormatError:
        return None
    same = spans_of_labels(tags) == sentence.word_spans() and len(sentence.word_spans()) == len(sentence.spans)
    return tags if same else None


def _rows(table: Any, columns: Columns) -> Iterator[ReadResult]:
    row = 1
    for batch in table.iter(BATCH):
        yield from rows_of(batch, row, columns)
        row += batch.num_rows
