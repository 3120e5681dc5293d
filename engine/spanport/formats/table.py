"""The formats: the one table of their names and file endings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from spanport.formats import (
    arrow,
    arrow_writing,
    brat,
    conllu,
    docbin,
    doccano,
    gliner,
    hugging_face,
    labelstudio,
    parquet_tags,
    separated,
    tmx,
)
from spanport.formats.conll import encode_conll, encode_conll_projection, read_conll
from spanport.formats.iob2 import encode_iob2, encode_iob2_projection, read_iob2
from spanport.formats.jsonl import encode_jsonl, encode_jsonl_projection, read_jsonl
from spanport.formats.lines import Source, read_lines
from spanport.formats.records import Reading, ReadResult
from spanport.formats.staged import Staged
from spanport.formats.text import encode_text, encode_text_projection, read_text
from spanport.types import Projection, Sentence

Lines = Callable[[Iterable[bytes], Reading], Iterator[ReadResult]]


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How sentences are read and written.

    ``read`` yields a result per record and never raises for a bad one; None where the format is written only.
    ``encode`` and ``encode_projection`` give the bytes of one record, its end included, and raise `RecordError` where
    the format cannot hold it; None where the format is read only. A format with ``save`` is not written record by
    record: these bytes are those of JSON lines, of which ``save`` makes the file (or folder) when all are there.
    ``save_batches`` makes it of Arrow streams instead, where `spanport.bulk` does the job. ``extra`` is the extra of
    spanport that its library comes with.
    """

    name: str
    about: str
    endings: tuple[str, ...] = ()
    read: Callable[[Source, Reading], Iterator[ReadResult]] | None = None
    encode: Callable[[Sentence], bytes] | None = None
    encode_projection: Callable[[Projection], bytes] | None = None
    save: Callable[[str, Staged], None] | None = None
    save_batches: Callable[[str, str], None] | None = None
    extra: str = ""


def _lines(read: Lines) -> Callable[[Source, Reading], Iterator[ReadResult]]:
    return lambda source, reading: read(read_lines(source), reading)


JSON: dict[str, Any] = {"encode": encode_jsonl, "encode_projection": encode_jsonl_projection}
"""How a format with ``save`` holds records until they are all there."""

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format(
            name="text",
            about="plain text, one sentence a line",
            endings=(".txt",),
            read=_lines(read_text),
            encode=encode_text,
            encode_projection=encode_text_projection,
        ),
        Format(
            name="conll",
            about="columns: a word and its label a line, a blank line after each sentence",
            endings=(".conll", ".conll02", ".conll03", ".tsv", ".bio", ".iob"),
            read=_lines(read_conll),
            encode=encode_conll,
            encode_projection=encode_conll_projection,
        ),
        Format(
            name="iob2",
            about="Universal NER: comments, then numbered words with labels",
            endings=(".iob2",),
            read=_lines(read_iob2),
            encode=encode_iob2,
            encode_projection=encode_iob2_projection,
        ),
        Format(
            name="conllu",
            about="CoNLL-U with entities in MISC (NER=B-PER)",
            endings=(".conllu",),
            read=_lines(conllu.read_conllu),
            encode=conllu.encode_conllu,
            encode_projection=conllu.encode_conllu_projection,
        ),
        Format(
            name="jsonl",
            about="JSON lines: text with spans, or tokens with labels",
            endings=(".jsonl", ".ndjson"),
            read=_lines(read_jsonl),
            **JSON,
        ),
        Format(
            name="doccano",
            about="doccano's JSON lines: text with label",
            read=_lines(read_jsonl),
            encode=doccano.encode_doccano,
            encode_projection=doccano.encode_doccano_projection,
        ),
        Format(
            name="label-studio",
            about="Label Studio tasks with annotations (JSON, JSON-MIN), written as predictions",
            endings=(".json",),
            read=labelstudio.read_label_studio,
            save=labelstudio.save_label_studio,
            **JSON,
        ),
        Format(
            name="csv",
            about="table with a header, cells separated by commas",
            endings=(".csv",),
            read=separated.read_csv,
            save=separated.save_csv,
            **JSON,
        ),
        Format(
            name="tsv",
            about="table with a header, cells separated by tabs",
            read=separated.read_tsv,
            save=separated.save_tsv,
            **JSON,
        ),
        Format(
            name="parquet",
            about="Parquet table with text and spans, or tokens and ner_tags",
            endings=(".parquet",),
            read=arrow.read_parquet,
            save=arrow_writing.save_parquet,
            save_batches=arrow_writing.save_parquet_segments,
            extra="parquet",
            **JSON,
        ),
        Format(
            name=parquet_tags.TAGGED,
            about="Parquet table with tokens and ner_tags (class labels) alone, as token classifiers are trained on",
            read=arrow.read_parquet,
            encode=parquet_tags.encode_tagged,
            encode_projection=parquet_tags.encode_tagged_projection,
            save=parquet_tags.save_parquet_tags,
            save_batches=parquet_tags.save_parquet_tag_batches,
            extra="parquet",
        ),
        Format(
            name="arrow",
            about="Arrow or Feather table, as Parquet",
            endings=(".arrow", ".feather"),
            read=arrow.read_arrow,
            save=arrow_writing.save_arrow,
            save_batches=arrow_writing.save_arrow_batches,
            extra="parquet",
            **JSON,
        ),
        Format(
            name="datasets",
            about="Hugging Face data set: a folder of save_to_disk, or (in) hf://NAME:SPLIT of the hub",
            read=hugging_face.read_datasets,
            save=hugging_face.save_datasets,
            extra="datasets",
            **JSON,
        ),
        Format(
            name="docbin",
            about="spaCy documents with entities, or with span group sc where they overlap",
            endings=(".spacy",),
            read=docbin.read_docbin,
            save=docbin.save_docbin,
            extra="spacy",
            **JSON,
        ),
        Format(
            name="brat",
            about="folder of brat documents: NAME.txt with NAME.ann",
            endings=(".ann",),
            read=brat.read_brat,
            save=brat.save_brat,
            **JSON,
        ),
        Format(name="tmx", about="TMX translation memory, read for --lang", endings=(".tmx",), read=tmx.read_tmx),
        Format(name="gliner", about="GLiNER's training data, a JSON list", save=gliner.save_gliner, **JSON),
    )
}
