"""Sentence pairs as flat arrays: the form in which the matching kernels see a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanport.errors import AlignmentError
from spanport.ports import Float32, Int32, Int64
from spanport.types import Alignment, ProjectedSpan, Projection, Sentence, Span, Status, word_ranges

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching

STATUSES: tuple[Status, ...] = ("optimal", "feasible", "infeasible", "feasible", "unmet")
"""What the kernels' status codes mean to a user; see `spanport_kernels.matching`."""


@dataclass(frozen=True, slots=True)
class Job:
    """One pair on its way: what is known of it before the matching.

    ``links`` is int32 (E, 2), (source word, target word), empty where the system asked for none.
    ``probabilities`` and ``source_probabilities`` are float32 (words, L), the classifier's view of the target and
    of the source, where the system asked for it, else None.
    """

    source: Sentence
    target: Sentence
    links: Int32
    probabilities: Float32 | None = None
    source_probabilities: Float32 | None = None


@dataclass(frozen=True, slots=True)
class PairBatch:
    """B pairs as ragged arrays.

    entities: int32 (N, 3), source words [start, end) and label index, with entity_offsets int64 (B + 1,);
    edges: int32 (E, 2) with edge_offsets int64 (B + 1,); target_lengths: int32 (B,) in words;
    entity_spans: the source `Span` behind each entity row; labels: the strings behind the label indices.
    """

    jobs: Sequence[Job]
    labels: tuple[str, ...]
    entities: Int32
    entity_offsets: Int64
    entity_spans: tuple[Span, ...]
    edges: Int32
    edge_offsets: Int64
    target_lengths: Int32

    def __len__(self) -> int:
        return len(self.jobs)


def offsets_of(lengths: Sequence[int] | Int64) -> Int64:
    """int64 (B + 1,): where each of B rows starts, and the end of the last."""
    out = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.asarray(lengths, dtype=np.int64), out=out[1:])
    return out


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


def check_links(links: Sequence[tuple[int, int]] | Int32, source: Sentence, target: Sentence) -> Int32:
    """The links as int32 (E, 2), sorted row-major and unique.

    Raises AlignmentError when an index is negative or past the last word of its side.
    """
    array = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    limits = np.array([len(source.words), len(target.words)])
    bad = (array < 0) | (array >= limits)
    if bad.any():
        row, side = (int(x) for x in np.argwhere(bad)[0])
        name = ("source", "target")[side]
        raise AlignmentError(
            f"alignment link {array[row, 0]}-{array[row, 1]}: the {name} has {limits[side]} words, so its index must "
            f"lie in 0..{limits[side] - 1}; check that the links are 0-indexed and made on these words"
        )
    return np.unique(array, axis=0).astype(np.int32)


def alignment_of(links: Int32) -> Alignment:
    """The links, int32 (E, 2), as users get them."""
    return Alignment(tuple(map(tuple, links.tolist())))


def pack(jobs: Sequence[Job], further: Sequence[Sequence[Span]] | None = None) -> PairBatch:
    """Lay a batch of jobs out flat; ``further`` are entities of each job's source besides its spans."""
    labels: dict[str, int] = {}
    rows: list[tuple[int, int, int]] = []
    spans: list[Span] = []
    counts: list[int] = []
    for i, job in enumerate(jobs):
        before = len(rows)
        for span in (*job.source.spans, *(further[i] if further else ())):
            for start, end, label in word_ranges(job.source.words, (span,)):
                rows.append((start, end, labels.setdefault(label, len(labels))))
                spans.append(span)
        counts.append(len(rows) - before)
    edges = [job.links for job in jobs]
    return PairBatch(
        jobs=jobs,
        labels=tuple(labels),
        entities=np.array(rows, dtype=np.int32).reshape(-1, 3),
        entity_offsets=offsets_of(counts),
        entity_spans=tuple(spans),
        edges=np.concatenate(edges) if edges else np.empty((0, 2), np.int32),
        edge_offsets=offsets_of([len(e) for e in edges]),
        target_lengths=np.array([len(job.target.words) for job in jobs], dtype=np.int32),
    )


def matched(batch: PairBatch, matching: Matching) -> list[Projection]:
    """Projections from what a solver found."""
    statuses = [STATUSES[code] for code in matching.status.tolist()]
    return unpack(batch, matching.spans, matching.scores, matching.offsets, statuses)


def unpack(
    batch: PairBatch,
    spans: Int32,
    scores: npt.NDArray[np.float64],
    span_offsets: Int64,
    statuses: Sequence[Status],
) -> list[Projection]:
    """Projections from matched word ranges.

    spans: int32 (P, 4): start word, end word, label index, entity index within the pair (-1: none);
    scores: P match scores; span_offsets: int64 (B + 1,); statuses: one per pair. A span's confidence is its match
    score, clipped to [0, 1], times the confidence of its source span where there is one.
    """
    out = []
    rows = spans.tolist()
    for i, job in enumerate(batch.jobs):
        words = job.target.words
        first = int(batch.entity_offsets[i])
        found = []
        for p in range(int(span_offsets[i]), int(span_offsets[i + 1])):
            start, end, label, entity = rows[p]
            origin = batch.entity_spans[first + entity] if entity >= 0 else None
            score = min(1.0, max(0.0, float(scores[p])))
            if origin is not None and origin.score is not None:
                score *= origin.score
            found.append(ProjectedSpan(words[start][0], words[end - 1][1], batch.labels[label], score, origin))
        found.sort(key=lambda span: (span.start, span.end))
        out.append(Projection(job.target, tuple(found), job.source, alignment_of(job.links), statuses[i]))
    return out
