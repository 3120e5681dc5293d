"""Sentence pairs as flat arrays: the form in which the matching kernels see a batch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

import numpy as np

from spanport.ports import BoolArray, Int32, Int64
from spanport.types import ProjectedSpan, Projection, Span, Status
from spanport.work import NO_LINKS, Work, alignment_of

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching

STATUSES: tuple[Status, ...] = ("optimal", "feasible", "infeasible", "feasible", "unmet")
"""What the kernels' status codes mean to a user; see `spanport_kernels.matching`."""


@dataclass(frozen=True)
class PairBatch:
    """B pairs as ragged arrays.

    entities: int32 (N, 3), source words [start, end) and label index, with entity_offsets int64 (B + 1,);
    edges: int32 (E, 2) with edge_offsets int64 (B + 1,); target_lengths: int32 (B,) in words;
    entity_spans: the source `Span` behind each entity row; labels: the strings behind the label indices.
    """

    works: Sequence[Work]
    labels: tuple[str, ...]
    entities: Int32
    entity_offsets: Int64
    entity_spans: tuple[Span, ...]
    edges: Int32
    edge_offsets: Int64
    target_lengths: Int32

    def __len__(self) -> int:
        return self.target_lengths.size

    @property
    def arrays(self) -> tuple[Int32, Int64, Int32, Int64, Int32]:
        """Entities and links with their offsets, and the lengths of the targets, as most kernels take them."""
        return self.entities, self.entity_offsets, self.edges, self.edge_offsets, self.target_lengths

    def target_words(self) -> list[str]:
        """The words of all targets, one after the other."""
        return list(chain.from_iterable([work.target.word_texts() for work in self.works]))

    def stop_mask(self, stop_words: Sequence[str]) -> BoolArray:
        """True for target words that are among these, bool (target words,)."""
        mask, ends = np.zeros(int(self.target_lengths.sum()), np.bool_), np.cumsum(self.target_lengths).tolist()
        for work, end in zip(self.works, ends, strict=True):
            if any(stop in work.target.text for stop in stop_words):
                words = work.target.word_texts()
                mask[end - len(words) : end] = [word in stop_words for word in words]
        return mask


def pack(works: Sequence[Work], further: Sequence[Sequence[Span]] | None = None) -> PairBatch:
    """Lay a batch of records out flat; ``further`` are entities of each source besides its spans."""
    labels: dict[str, int] = {}
    rows: list[tuple[int, int, int]] = []
    spans: list[Span] = []
    bounds = [0]
    for i, work in enumerate(works):
        words = work.source.words
        for span in (*work.source.spans, *further[i]) if further else work.source.spans:
            first = bisect_right(words, span.start, key=itemgetter(1))
            last = bisect_left(words, span.end, lo=first, key=itemgetter(0))
            if first < last:
                rows.append((first, last, labels.setdefault(span.label, len(labels))))
                spans.append(span)
        bounds.append(len(rows))
    edges = [work.links for work in works]
    return PairBatch(
        works=works,
        labels=tuple(labels),
        entities=np.array(rows, dtype=np.int32).reshape(-1, 3),
        entity_offsets=np.array(bounds),
        entity_spans=tuple(spans),
        edges=np.concatenate(edges) if edges else NO_LINKS,
        edge_offsets=np.cumsum([0, *map(len, edges)]),
        target_lengths=np.array([len(work.target.words) for work in works], dtype=np.int32),
    )


def unpack(batch: PairBatch, matching: Matching) -> list[Projection]:
    """Projections from what a system matched.

    A span's confidence is its match score, clipped to [0, 1], times the confidence of its source span where there is
    one.
    """
    rows, scores = matching.spans.tolist(), np.clip(matching.scores, 0.0, 1.0).tolist()
    ends, firsts = matching.offsets.tolist(), batch.entity_offsets.tolist()
    labels, origins, out = batch.labels, batch.entity_spans, []
    for b, (work, code) in enumerate(zip(batch.works, matching.status.tolist(), strict=True)):
        words, found = work.target.words, []
        for p in range(ends[b], ends[b + 1]):
            start, end, label, entity = rows[p]
            origin, score = origins[firsts[b] + entity], scores[p]
            if origin.score is not None:
                score *= origin.score
            found.append(ProjectedSpan(words[start][0], words[end - 1][1], labels[label], score, origin))
        if len(found) > 1:
            found.sort(key=attrgetter("start", "end"))
        given = work.alignment  # not shown where the system asked for no links
        alignment = given if given is not None and len(given.links) == len(work.links) else alignment_of(work.links)
        out.append(Projection(work.target, tuple(found), work.source, alignment, STATUSES[code]))
    return out
