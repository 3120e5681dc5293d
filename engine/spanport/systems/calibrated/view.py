"""What the classifier says about a batch of pairs, flat, the entities that it reads there, and those it half sees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spanport.encoding.label import Readings, by_label, kinds_of, label_all, range_means, read_all
from spanport.errors import UsageError
from spanport.ports import BoolArray, Float32, Int32, Int64
from spanport.types import Span
from spanport.work import Work

WIDEST = 2
"""A target span may be linked to this many times its length of source words, and two more."""

DOUBT = 0.25
"""Factor on the probability of O, so that words read as O by a small margin count as entities too."""


class View(NamedTuple):
    """Probabilities of B pairs by the tags: float32 (words, L) with int64 (B + 1,) offsets for either side.

    A pair without a view of its source has no rows there; ``with_source`` is bool (B,). ``sure`` are the entities
    read on the targets, ``doubtful`` those read in doubt (see `DOUBT`); ``source_sure``, with the tags of all words,
    and ``source_doubtful`` are those of the sources.
    """

    tags: tuple[str, ...]
    target: Float32
    target_offsets: Int64
    source: Float32
    source_offsets: Int64
    with_source: BoolArray
    sure: Readings
    doubtful: Readings
    source_sure: tuple[Int32, Readings]
    source_doubtful: Readings


def view_of(works: Sequence[Work], tags: Sequence[str]) -> View:
    """The classifier's view of the works; tags: the names of the columns of their probabilities.

    Raises UsageError where a work has no probabilities of its target.
    """
    targets = [work.probabilities for work in works if work.probabilities is not None]
    if len(targets) < len(works):
        raise UsageError("calibrated needs the classifier's probabilities of the target; or set view=false")
    nothing = np.empty((0, len(tags)), np.float32)
    sources = [nothing if work.source_probabilities is None else work.source_probabilities for work in works]
    target, target_offsets = np.concatenate([nothing, *targets]), np.cumsum([0, *map(len, targets)])
    source, source_offsets = np.concatenate([nothing, *sources]), np.cumsum([0, *map(len, sources)])
    in_doubt = np.array([DOUBT if tag == "O" else 1.0 for tag in tags], np.float32)
    return View(
        tuple(tags),
        target,
        target_offsets,
        source,
        source_offsets,
        np.array([work.source_probabilities is not None for work in works], np.bool_),
        *_read_together(tags, (target, target * in_doubt, source, source * in_doubt), target_offsets, source_offsets),
    )


def _read_together(
    tags: Sequence[str], views: Sequence[Float32], target: Int64, source: Int64
) -> tuple[Readings, Readings, tuple[Int32, Readings], Readings]:
    """What is read in two views of the targets and two of the sources, as one batch."""
    offsets, size = (target, target, source, source), len(target) - 1
    firsts = np.cumsum([0, *map(len, views)]).tolist()
    every = np.concatenate([[0], *(own[1:] + first for own, first in zip(offsets, firsts, strict=False))])
    best, found = read_all(np.concatenate(views), every, tags)
    bounds = np.searchsorted(found.sentence, np.arange(5) * size).tolist()
    parts = []
    for k, (begin, end) in enumerate(pairwise(bounds)):
        sentence, start, stop, label = (column[begin:end] for column in found)
        parts.append(Readings(sentence - k * size, start - firsts[k], stop - firsts[k], label))
    return parts[0], parts[1], (best[firsts[2] : firsts[3]], parts[2]), parts[3]


def suggest(works: Sequence[Work], view: View, *, translated: bool = False) -> list[list[Span]]:
    """Further source entities of each work: those read in doubt on the source or the target.

    An entity read on the target lies on the source words that it is linked to. Where the sources are ``translated``
    from the targets, one that is surely read on words without links was lost on the way: it lies on the unlinked
    source word nearest to its place. A suggested span's score is the mean probability, by the source's view, that
    its words are in an entity of the label. A work whose labels are not the classifier's own (gold labels, say), or
    whose source it has not seen, gets none.
    """
    free = np.flatnonzero(_own_labels(works, view))
    known = {b: set(works[b].source.word_spans()) for b in free.tolist()}
    kinds = kinds_of(view.tags)
    new: list[tuple[int, int, int, int]] = []
    for b, start, end, k in _proposed(works, view, translated):
        entity = (start, end, kinds[k])
        if b in known and entity not in known[b]:
            known[b].add(entity)
            new.append((b, start, end, k))
    sentence, first, last, label = np.array(new, np.int64).reshape(-1, 4).T
    before = view.source_offsets[sentence]
    inside = np.add(*by_label(view.source, view.tags, kinds))
    scores = range_means(inside, before + first, before + last, label)
    out: list[list[Span]] = [[] for _ in works]
    for (b, start, end, k), score in zip(new, scores.tolist(), strict=True):
        words = works[b].source.words
        out[b].append(Span(words[start][0], words[end - 1][1], kinds[k], score))
    return out


def _own_labels(works: Sequence[Work], view: View) -> BoolArray:
    """Which works' source spans are among those that the classifier reads there, bool (B,)."""
    seen = [work.source.words if ok else () for work, ok in zip(works, view.with_source.tolist(), strict=True)]
    read = label_all(seen, view.source, view.source_offsets, view.tags, view.source_sure)
    own = [set(work.source.spans) <= set(spans) for work, spans in zip(works, read, strict=True)]
    return np.array(own, np.bool_) & view.with_source


def _proposed(works: Sequence[Work], view: View, translated: bool) -> list[tuple[int, int, int, int]]:
    """Work, source words [start, end) and label of each proposal: of a work those of its source come first."""
    here = view.source_doubtful
    before = view.source_offsets[here.sentence]
    rows = [np.stack([here.sentence, here.start - before, here.end - before, here.label], axis=1)]
    edges = np.concatenate([np.empty((0, 2), np.int32), *(work.links for work in works)]).astype(np.int64)
    word = np.repeat(view.target_offsets[:-1], [len(work.links) for work in works]) + edges[:, 1]
    rows += [_through_links(readings, edges[:, 0], word, len(view.target)) for readings in (view.sure, view.doubtful)]
    rows += [_lost(works, view, word)] if translated else []
    flat = np.concatenate(rows)
    ordered = flat[np.argsort(flat[:, 0], kind="stable")]
    return [(b, start, end, k) for b, start, end, k in ordered.tolist()]


def _through_links(found: Readings, linked: Int64, word: Int64, words: int) -> Int64:
    """Entities read on the targets, on the source words linked to them; int64 (R, 4) as in `_proposed`.

    linked, word: the source word of each link, and its target word counted from the first of the batch.
    """
    if not len(found.start):
        return np.empty((0, 4), np.int64)
    none = np.iinfo(np.int64).max
    lowest, highest = np.full(words + 1, none), np.full(words + 1, -1)
    np.minimum.at(lowest, word, linked)
    np.maximum.at(highest, word, linked)
    bounds = np.stack([found.start, found.end], axis=1).ravel()
    first, last = np.minimum.reduceat(lowest, bounds)[::2], np.maximum.reduceat(highest, bounds)[::2]
    near = (last >= 0) & (last - first < WIDEST * (found.end - found.start) + 2)
    return np.stack([found.sentence, first, last + 1, found.label], axis=1)[near]


def _lost(works: Sequence[Work], view: View, word: Int64) -> Int64:
    """Entities surely read on target words without links, each on the unlinked source word nearest to its place.

    int64 (R, 4) as in `_proposed`; word: the target word of each link, counted from the first of the batch.
    """
    linked = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=len(view.target)))])
    found = view.sure
    alone = np.flatnonzero(linked[found.end] == linked[found.start])
    rows, free = [], dict[int, list[int]]()
    for b, start, end, k in np.stack(found, axis=1)[alone].tolist():
        first, last = view.target_offsets[b : b + 2].tolist()
        length = len(works[b].source.words)
        left = free.setdefault(b, sorted(set(range(length)).difference(works[b].links[:, 0].tolist())))
        if left:
            place = ((start + end) / 2 - first) / (last - first) * length - 0.5
            at = min(left, key=lambda word: abs(word - place))
            left.remove(at)
            rows.append((b, at, at + 1, k))
    return np.array(rows, np.int64).reshape(-1, 4)
