"""Projected rows as Arrow record batches: the columns of `spanport.formats.fields` from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.bulk.tables import EXTRA, Rows
from spanport.bulk.vocabulary import text_array
from spanport.formats.extras import library
from spanport.formats.parquet_tags import TAGS
from spanport.matching.batch import STATUSES, PairBatch
from spanport.ports import Int64
from spanport_kernels.label_codes import LabelTypes
from spanport_kernels.matching import Matching
from spanport_kernels.text import word_ranges


def labelled_rows(
    source: Rows,
    target: Rows,
    batch: PairBatch,
    found: Matching,
    types: LabelTypes,
    extras: tuple[str, ...],
    scores: npt.NDArray[np.float64] | None = None,
) -> Any:
    """The target's rows with what was found on them, and their sources; ``scores`` of the batch's entities, if any.

    Words, labels, languages and statuses are dictionaries, which a Parquet file takes as they are.
    """
    pa = library("pyarrow", EXTRA)
    sentence = np.repeat(np.arange(len(target.slow)), np.diff(found.offsets))
    first, last = target.offsets[sentence] + found.spans[:, 0], target.offsets[sentence] + found.spans[:, 1] - 1
    order = np.argsort(first << 32 | last, kind="stable")
    columns: dict[str, Any] = {"text": text_array(target.joined.text, target.joined.offsets), **_words(target)}
    names = pa.array([name.decode() for name in types.names], pa.string())
    labels = pa.DictionaryArray.from_arrays(np.ascontiguousarray(found.spans[order, 2]), names)
    confidences = np.clip(found.scores[order], 0.0, 1.0)
    begin, entity = source.offsets[sentence[order]], (batch.entity_offsets[sentence] + found.spans[:, 3])[order]
    origin = _spans(source, begin + batch.entities[entity, 0], begin + batch.entities[entity, 1] - 1, labels)
    if scores is not None:
        given, unknown = scores[entity], np.isnan(scores[entity])
        confidences = np.where(unknown, confidences, confidences * given)
        origin["score"] = pa.array(given, mask=unknown)
    spans = _spans(target, first[order], last[order], labels) | {
        "score": pa.array(confidences),
        "source": _struct(origin),
    }
    columns["spans"] = pa.ListArray.from_arrays(found.offsets.astype(np.int32), _struct(spans))
    columns |= _others(target, extras)
    statuses = pa.DictionaryArray.from_arrays(found.status.astype(np.int32), list(STATUSES))
    text = text_array(source.joined.text, source.joined.offsets)
    columns["projection"] = _struct({"status": statuses, "source": text, "source_language": source.languages})
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def tagged_rows(target: Rows, found: Matching, types: LabelTypes, extras: tuple[str, ...]) -> Any:
    """The target's words with IOB2 tags of what was found on them, a dictionary of names."""
    pa = library("pyarrow", EXTRA)
    starts, ends, labels = (found.spans[:, i] for i in range(3))
    begin = np.repeat(target.offsets[:-1], np.diff(found.offsets)) + starts
    lengths, tags = ends - starts, np.zeros(target.words.size, np.int32)
    inside = np.arange(lengths.sum()) + np.repeat(begin - np.cumsum(lengths) + lengths, lengths)
    tags[inside] = 2 * np.repeat(labels, lengths) + 2
    tags[begin] -= 1
    names = [f"{prefix}-{name.decode()}" for name in types.names for prefix in "BI"]
    coded = pa.DictionaryArray.from_arrays(tags, pa.array(["O", *names]))
    tagged = {"tokens": None, TAGS: pa.ListArray.from_arrays(target.offsets.astype(np.int32), coded)}
    columns = tagged | _words(target) | _others(target, extras)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _words(target: Rows) -> dict[str, Any]:
    """Language, where it is known, and words."""
    pa = library("pyarrow", EXTRA)
    tokens = pa.DictionaryArray.from_arrays(target.words, target.vocabulary.array)
    columns = {"tokens": pa.ListArray.from_arrays(target.offsets.astype(np.int32), tokens)}
    if any(target.languages.dictionary.to_pylist()) or "language" in target.batch.schema.names:
        columns = {"language": _known(target.languages), **columns}
    return columns


def _others(target: Rows, extras: tuple[str, ...]) -> dict[str, Any]:
    return {name: _exact(target.batch.column(name)) for name in extras}


def with_rows(batch: Any, rows: dict[int, dict[str, Any] | None]) -> Any:
    """The batch with other rows at some places, or with none where there is None."""
    if not rows:
        return batch
    pa = library("pyarrow", EXTRA)
    kept = [fields for fields in rows.values() if fields is not None]
    both = pa.Table.from_batches([batch, pa.RecordBatch.from_pylist(kept, schema=batch.schema)])
    order = np.arange(batch.num_rows)
    order[list(rows)] = -1
    order[[i for i, fields in rows.items() if fields is not None]] = batch.num_rows + np.arange(len(kept))
    taken = both.unify_dictionaries().combine_chunks().take(order[order >= 0]).combine_chunks()
    return next(iter(taken.to_batches()), batch.slice(0, 0))


def _spans(rows: Rows, first: Int64, last: Int64, labels: Any) -> dict[str, Any]:
    """Start, end, label and text of spans from their first to their last word."""
    pa, known = library("pyarrow", EXTRA), rows.vocabulary
    found = word_ranges(rows.joined, known.starts, known.lengths, rows.words, first, last)
    text = text_array(found.text, found.offsets)
    return {"start": pa.array(found.begins), "end": pa.array(found.ends), "label": labels, "text": text}


def _known(languages: Any) -> Any:
    """The languages, null where none is known."""
    pa, codes = library("pyarrow", EXTRA), languages.indices.to_numpy()
    unknown = np.array([not name for name in languages.dictionary.to_pylist()])
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=unknown[codes]), languages.dictionary)


def _struct(fields: dict[str, Any]) -> Any:
    pa = library("pyarrow", EXTRA)
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def _exact(column: Any) -> Any:
    """The column as JSON lines would hold it: not a number is null."""
    pa, compute = library("pyarrow", EXTRA), library("pyarrow.compute", EXTRA)
    if not pa.types.is_floating(column.type):
        return column
    return compute.if_else(compute.is_finite(column), column, pa.scalar(None, column.type))
