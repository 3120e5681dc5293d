"""Sparse scores against their slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import matching as naive
from spanport_kernels.align_score import align_scores
from spanport_kernels.candidates import ngram_candidates
from spanport_kernels.ner_score import ner_scores
from spanport_kernels.ragged import Candidates, offsets_of
from spanport_kernels.scores import Scores, fuse, to_ranges

BEGIN, INSIDE = np.array([1, 3, -1, -1], np.int32), np.array([2, -1, 4, -1], np.int32)
"""Four classes: one with B and I, one without I, one without B, one the label set does not know."""


class Batch:
    """A few random sentences: lengths, entities, links, and n-gram candidates."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.lengths = rng.integers(0, 8, int(rng.integers(0, 4))).astype(np.int32)
        self.entities = []
        self.links = []
        for n in self.lengths:
            starts = rng.integers(0, 6, int(rng.integers(0, 4)))
            self.entities.append([(int(s), int(s + rng.integers(1, 4)), int(rng.integers(0, 4))) for s in starts])
            count = int(rng.integers(0, 15)) if n else 0
            self.links.append([(int(rng.integers(0, 8)), int(rng.integers(0, n))) for _ in range(count)])
        self.flat = np.array([e for row in self.entities for e in row], np.int32).reshape(-1, 3)
        self.offsets = offsets_of([len(row) for row in self.entities])
        self.candidates = ngram_candidates(self.lengths, max_length=int(rng.integers(0, 5)))

    def ranges(self, sentence: int) -> list[tuple[int, int]]:
        offsets = self.candidates.offsets
        return [(a, b) for a, b in self.candidates.ranges[offsets[sentence] : offsets[sentence + 1]].tolist()]


def dense(scores: Scores, sentence: int, entities: int, candidates: int) -> np.ndarray:
    """The scores of a sentence as a matrix; checks that they are sorted and unique."""
    matrix = np.zeros((entities, candidates))
    here = slice(scores.offsets[sentence], scores.offsets[sentence + 1])
    cells = list(zip(scores.entity[here].tolist(), scores.candidate[here].tolist(), strict=True))
    assert cells == sorted(set(cells))
    for cell, score in zip(cells, scores.score[here], strict=True):
        matrix[cell] = score
    return matrix


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["pairs", "covered"]))
def test_alignment_scores(seed: int, kind: str) -> None:
    batch = Batch(seed)
    links = np.array([link for row in batch.links for link in row], np.int32).reshape(-1, 2)
    link_offsets = offsets_of([len(row) for row in batch.links])
    found = align_scores(batch.flat, batch.offsets, links, link_offsets, batch.candidates, batch.lengths, kind)
    assert (found.score > 0).all()
    for b, entities in enumerate(batch.entities):
        expected = [[naive.align_score(e[:2], c, batch.links[b], kind) for c in batch.ranges(b)] for e in entities]
        shape = (len(entities), len(batch.ranges(b)))
        assert np.array_equal(dense(found, b, *shape), np.array(expected).reshape(shape))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_ner_scores(seed: int, spelled: bool) -> None:
    batch = Batch(seed)
    table = batch.rng.dirichlet(np.full(5, 0.3), int(batch.lengths.sum())).astype(np.float32).reshape(-1, 5)
    words = offsets_of(batch.lengths)
    arguments = (batch.flat, batch.offsets, batch.candidates, table, words, BEGIN, INSIDE)
    typed, free = ner_scores(*arguments, spelled=spelled), ner_scores(*arguments, spelled=spelled, typed=False)
    for b, entities in enumerate(batch.entities):
        rows = table[words[b] : words[b + 1]]
        shape = (len(entities), len(batch.ranges(b)))
        each = np.array(
            [
                [
                    naive.ner_score(c, rows, int(BEGIN[l]), int(INSIDE[l]), 1.15, 0.05, spelled)
                    for c in batch.ranges(b)
                ]
                for l in range(4)
            ]
        ).reshape(4, -1)
        labels = [label for _, _, label in entities]
        assert np.allclose(dense(typed, b, *shape), each[labels].reshape(shape), atol=1e-7)
        assert np.allclose(dense(free, b, *shape), np.tile(each.max(axis=0), (len(entities), 1)), atol=1e-7)


def random_scores(rng: np.random.Generator, sizes: list[tuple[int, int]]) -> tuple[Scores, list[np.ndarray]]:
    """Sparse scores and the matrices they stand for."""
    matrices = [rng.integers(0, 4, size) / 4 for size in sizes]
    cells = [np.argwhere(m > 0) for m in matrices]
    flat = np.concatenate([*cells, np.empty((0, 2), np.int64)]).astype(np.int32)
    values = np.concatenate([*(m[m > 0] for m in matrices), np.empty(0)])
    offsets = offsets_of([len(c) for c in cells])
    return Scores(flat[:, 0].copy(), flat[:, 1].copy(), values, offsets), matrices


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fusion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [(int(rng.integers(0, 4)), int(rng.integers(0, 5))) for _ in range(3)]
    parts = [random_scores(rng, sizes) for _ in range(3)]
    weights, thresholds = [0.5, 1.0, 0.25], [0.0, 0.25, 0.5]
    found = fuse([(part, w, t) for (part, _), w, t in zip(parts, weights, thresholds, strict=True)])
    for b, size in enumerate(sizes):
        expected = sum(
            w * np.where(m[b] > t, m[b], 0.0) for (_, m), w, t in zip(parts, weights, thresholds, strict=True)
        )
        assert np.allclose(dense(found, b, *size), expected)


def test_scores_become_ranges() -> None:
    candidates = Candidates(np.array([[0, 1], [0, 2], [1, 3]], np.int32), np.array([0, 1, 3]))
    scores = Scores(
        np.array([0, 1], np.int32), np.array([0, 1], np.int32), np.array([0.5, 0.25]), np.array([0, 1, 2])
    )
    ranges = to_ranges(scores, candidates)
    assert [ranges.start.tolist(), ranges.end.tolist()] == [[0, 1], [1, 3]]


def test_parts_of_different_batches_are_refused() -> None:
    empty = Scores(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="same batch"):
        fuse([(empty, 1.0, 0.0), (empty._replace(offsets=np.zeros(2, np.int64)), 1.0, 0.0)])
    with pytest.raises(ValueError, match="at least one part"):
        fuse([])


def test_candidates_past_the_sentence_are_refused() -> None:
    one = np.array([0, 1])
    candidates = Candidates(np.array([[1, 3]], np.int32), one)
    with pytest.raises(ValueError, match=r"candidate 0 is \[1, 3\] in a sentence of 2 words"):
        align_scores(np.array([[0, 1, 0]]), one, np.array([[0, 0]]), one, candidates, np.array([2]))


def test_label_columns_must_exist() -> None:
    nothing = (
        np.zeros((0, 3), np.int32),
        np.zeros(1, np.int64),
        Candidates(np.zeros((0, 2), np.int32), np.zeros(1, np.int64)),
    )
    with pytest.raises(ValueError, match="do not fit 2 labels"):
        ner_scores(*nothing, np.zeros((0, 2), np.float32), np.zeros(1, np.int64), BEGIN, INSIDE)
