"""Entities from word-label probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.labels import OPENS, PREFIXES, tag_code, types_of
from spanport.ports import Float32, Int32, Int64
from spanport.types import Span


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
    return types_of(tags)


@cache
def _codes(tags: tuple[str, ...]) -> Int32:
    """The code of every tag; see `spanport.labels.tag_code`."""
    kinds = kinds_of(tags)
    return np.array([tag_code(tag, kinds) for tag in tags], np.int32)


def group_all(best: npt.NDArray[np.integer[Any]], offsets: Int64, tags: Sequence[str]) -> Readings:
    """The entities that tags spell. best: the tags of all words, as (W,) indices; offsets: int64 (B + 1,)."""
    from spanport_kernels.label_codes import group_codes

    found, bounds = group_codes(_codes(tuple(tags))[best], offsets)
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(bounds))
    start, end, label = found.T.astype(np.int64)
    return Readings(sentence, start + offsets[sentence], end + offsets[sentence], label)


def as_iob2(probabilities: Float32, tags: Sequence[str]) -> tuple[Float32, tuple[str, ...]]:
    """Probabilities by IOB2 tags: those of ``S-X`` and ``U-X`` are ``B-X``'s, those of ``E-X`` and ``L-X`` ``I-X``'s.

    probabilities: float32 (W, L). Tags that are already IOB1 or IOB2 come back with them as they are.
    """
    names = [tag if tag == "O" else ("B-" if PREFIXES[tag[0]] & OPENS else "I-") + tag[2:] for tag in tags]
    if names == list(tags):
        return probabilities, tuple(tags)
    kept = tuple(dict.fromkeys(names))
    return np.stack([probabilities[:, [n == name for n in names]].sum(axis=1) for name in kept], axis=1), kept


def by_label(probabilities: Float32, tags: Sequence[str], labels: Sequence[str]) -> tuple[Float32, Float32]:
    """Probabilities of the B and the I tag of each label, float32 (words, labels); 0 for tags there are none of.

    S and E tags count as B and I; see `as_iob2`.
    """
    probabilities, tags = as_iob2(probabilities, tags)
    begins, inner = np.zeros((2, len(probabilities), len(labels)), np.float32)
    for k, label in enumerate(labels):
        for prefix, out in (("B-", begins), ("I-", inner)):
            if prefix + label in tags:
                out[:, k] = probabilities[:, tags.index(prefix + label)]
    return begins, inner


def range_means(values: Float32, start: Int64, end: Int64, column: npt.NDArray[np.integer[Any]]) -> Float32:
    """Mean of ``values[start:end, column]`` for each of R ranges of at least one row, float32 (R,).

    values: float32 (W, L); start, end, column: (R,). Ranges of one length are taken together, so that every mean is
    rounded as that of the range by itself.
    """
    out = np.empty(len(start), np.float32)
    lengths = end - start
    for length in np.unique(lengths).tolist():
        at = np.flatnonzero(lengths == length)
        out[at] = values[start[at, None] + np.arange(length), column[at, None]].mean(axis=1)
    return out


def read_all(probabilities: Float32, offsets: Int64, tags: Sequence[str]) -> tuple[Int32, Readings]:
    """`read_tags` for a batch: the tags of all words, int32 (W,), and the entities that they spell.

    probabilities: float32 (W, L), of words of sentence after sentence; offsets: int64 (B + 1,).
    """
    from spanport_kernels.tagging import best_tags

    best = best_tags(probabilities, offsets, tags)
    return best, group_all(best, offsets, tags)


def label_all(
    words: Sequence[Sequence[tuple[int, int]]],
    probabilities: Float32,
    offsets: Int64,
    tags: Sequence[str],
    read: tuple[Int32, Readings] | None = None,
) -> list[tuple[Span, ...]]:
    """Entities of each sentence as character spans.

    words: character offsets of the words of B sentences; probabilities, offsets and tags as for `read_all`, ``read``
    what that gives, if it is known. A span's score is the mean probability of its words' tags.
    """
    best, found = read or read_all(probabilities, offsets, tags)
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
