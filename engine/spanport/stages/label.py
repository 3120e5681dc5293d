"""Entities from word-label probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.ports import BoolArray, Float32, Int32, Int64
from spanport.stages.batch import range_means
from spanport.types import Span


def group_tags(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Entities ``(first word, last word + 1, label)`` of IOB1 or IOB2 tags.

    ``O`` closes; ``B-`` always opens; ``I-X`` continues an open X and otherwise opens one: the grouping that fits
    the CoNLL XLM-R model, whose person tags have no ``B-`` (arXiv 2501.18750, word-wise NER).
    """
    entities: list[tuple[int, int, str]] = []
    start, open_label = 0, ""
    for i, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if open_label and (prefix != "I" or label != open_label):
            entities.append((start, i, open_label))
            open_label = ""
        if prefix != "O" and not open_label:
            start, open_label = i, label
    if open_label:
        entities.append((start, len(tags), open_label))
    return entities


def read_tags(probabilities: Float32, labels: Sequence[str]) -> Int64:
    """Tags of the words of one sentence, int64 (W,): the likeliest path that keeps to IOB2, where the labels do.

    An entity cannot begin inside, so the classifier's doubt between ``B-`` and ``I-``, or between two types, is
    settled for the entity as a whole. probabilities: float32 (W, L); labels: the L tags.
    """
    if not len(probabilities):
        return np.empty(0, np.int64)
    from spanport_kernels.tagging import best_tags

    return best_tags(probabilities, np.array([0, len(probabilities)]), labels).astype(np.int64)


class Readings(NamedTuple):
    """Entities read in a batch, sentence after sentence, ascending; each int64 (R,).

    Words ``[start, end)`` count from the first word of the batch; ``label`` is an index into `kinds_of` the tags.
    """

    sentence: Int64
    start: Int64
    end: Int64
    label: Int64


@cache
def kinds_of(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The labels in the tags, in the order of their first tags."""
    return tuple(dict.fromkeys(label for _, _, label in (tag.partition("-") for tag in tags) if label))


@cache
def _scheme(tags: tuple[str, ...]) -> tuple[Int64, BoolArray]:
    """Of every tag the index of its label, -1 for none; and whether it always opens an entity."""
    parts = [tag.partition("-") for tag in tags]
    kinds = kinds_of(tags)
    kind = [-1 if prefix == "O" or not label else kinds.index(label) for prefix, _, label in parts]
    return np.array(kind, np.int64), np.array([prefix != "I" for prefix, _, _ in parts])


def group_all(best: npt.NDArray[np.integer[Any]], offsets: Int64, tags: Sequence[str]) -> Readings:
    """`group_tags` for a batch. best: the tags of all words, as (W,) indices; offsets: int64 (B + 1,)."""
    kinds, opens = _scheme(tuple(tags))
    kind = kinds[best]
    first = np.zeros(len(best) + 1, np.bool_)
    first[offsets] = True
    after_other = np.concatenate([[True], kind[1:] != kind[:-1]])[: len(best)]
    begins = (kind >= 0) & (opens[best] | first[:-1] | after_other)
    start = np.flatnonzero(begins)
    stops = np.append(np.flatnonzero(begins | (kind < 0) | first[:-1]), len(best))
    end = stops[np.searchsorted(stops, start, side="right")]
    return Readings(np.searchsorted(offsets, start, side="right") - 1, start, end, kind[start])


def read_all(probabilities: Float32, offsets: Int64, tags: Sequence[str]) -> tuple[Int32, Readings]:
    """`read_tags` for a batch: the tags of all words, int32 (W,), and the entities that they spell.

    probabilities: float32 (W, L), of words of sentence after sentence; offsets: int64 (B + 1,).
    """
    from spanport_kernels.tagging import best_tags

    best = best_tags(probabilities, offsets, tags)
    return best, group_all(best, offsets, tags)


def label_all(
    words: Sequence[Sequence[tuple[int, int]]], probabilities: Float32, offsets: Int64, tags: Sequence[str]
) -> list[tuple[Span, ...]]:
    """Entities of each sentence as character spans.

    words: character offsets of the words of B sentences; probabilities, offsets and tags as for `read_all`. A span's
    score is the mean probability of its words' tags.
    """
    best, found = read_all(probabilities, offsets, tags)
    peak = np.take_along_axis(probabilities, best[:, None].astype(np.int64), axis=1)
    scores = range_means(peak, found.start, found.end, np.zeros_like(found.label))
    before, kinds = offsets[found.sentence], kinds_of(tuple(tags))
    spans: list[list[Span]] = [[] for _ in words]
    columns = (found.sentence, found.start - before, found.end - before, found.label, scores)
    for b, start, end, label, score in zip(*(column.tolist() for column in columns), strict=True):
        spans[b].append(Span(words[b][start][0], words[b][end - 1][1], kinds[label], score))
    return [tuple(own) for own in spans]


def label_spans(words: Sequence[tuple[int, int]], probabilities: Float32, labels: Sequence[str]) -> tuple[Span, ...]:
    """`label_all` for one sentence. probabilities: float32 (W, L)."""
    return label_all([words], probabilities, np.array([0, len(words)]), labels)[0] if len(words) else ()
