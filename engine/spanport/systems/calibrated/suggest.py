"""Entities that the classifier half sees: further ones for a matching that weighs probabilities to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanport.encoding.label import Readings, kinds_of, label_all
from spanport.ports import BoolArray, Int64
from spanport.ragged import offsets_of, range_means
from spanport.systems.calibrated.view import View, by_label
from spanport.types import Span
from spanport.work import Work

WIDEST = 2
"""A target span may be linked to this many times its length of source words, and two more."""


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
    read = label_all(seen, view.source, view.source_offsets, view.tags)
    own = [set(work.source.spans) <= set(spans) for work, spans in zip(works, read, strict=True)]
    return np.array(own, np.bool_) & view.with_source


def _proposed(works: Sequence[Work], view: View, translated: bool) -> list[tuple[int, int, int, int]]:
    """Work, source words [start, end) and label of each proposal: of a work those of its source come first."""
    here = view.source_doubtful
    before = view.source_offsets[here.sentence]
    rows = [np.stack([here.sentence, here.start - before, here.end - before, here.label], axis=1)]
    edges = np.concatenate([np.empty((0, 2), np.int32), *(work.links for work in works)]).astype(np.int64)
    word = np.repeat(view.target_offsets[:-1], np.diff(offsets_of([len(work.links) for work in works]))) + edges[:, 1]
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
        left = free.setdefault(b, sorted(set(range(length)).difference(i for i, _ in works[b].links)))
        if left:
            place = ((start + end) / 2 - first) / (last - first) * length - 0.5
            at = min(left, key=lambda word: abs(word - place))
            left.remove(at)
            rows.append((b, at, at + 1, k))
    return np.array(rows, np.int64).reshape(-1, 4)
