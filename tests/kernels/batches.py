"""Random ragged batches for the kernels' tests."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from spanport_kernels.ragged import offsets_of

sizes = st.tuples(st.integers(0, 7), st.integers(0, 7))


class Matrices(NamedTuple):
    """The matrices one by one, and as a ragged batch."""

    each: list[np.ndarray]
    values: np.ndarray
    source_offsets: np.ndarray
    target_offsets: np.ndarray

    @property
    def batch(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.values, self.source_offsets, self.target_offsets


def as_matrices(each: list[np.ndarray]) -> Matrices:
    """A ragged batch of these matrices."""
    values = np.concatenate([np.empty(0, np.float32), *(s.ravel() for s in each)]).astype(np.float32)
    return Matrices(each, values, offsets_of([len(s) for s in each]), offsets_of([s.shape[1] for s in each]))


def random_matrix(rng: np.random.Generator, m: int, n: int, ties: bool) -> np.ndarray:
    """Float32 scores; with ties, of few distinct values, 0 and negative ones among them."""
    if ties:
        return rng.integers(-2, 4, (m, n)).astype(np.float32) / 2
    return rng.normal(scale=2, size=(m, n)).astype(np.float32)


@st.composite
def matrices(draw: st.DrawFn) -> Matrices:
    """Up to four matrices of up to 7 x 7, empty ones among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ties = draw(st.booleans())
    return as_matrices([random_matrix(rng, m, n, ties) for m, n in draw(st.lists(sizes, max_size=4))])


class Sentences(NamedTuple):
    """Pairs of entities (start, end, label), edges and target lengths, and the same as a ragged batch."""

    entities: list[list[tuple[int, int, int]]]
    edges: list[list[tuple[int, int]]]
    lengths: list[int]

    @property
    def batch(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        entities = np.array([e for pair in self.entities for e in pair], np.int32).reshape(-1, 3)
        edges = np.array([e for pair in self.edges for e in pair], np.int32).reshape(-1, 2)
        entity_offsets = offsets_of([len(pair) for pair in self.entities])
        return entities, entity_offsets, edges, offsets_of([len(pair) for pair in self.edges]), np.array(self.lengths)


@st.composite
def sentences(draw: st.DrawFn) -> Sentences:
    """Up to four pairs of up to 9 words a side; entities may overlap, links cross and repeat."""
    batch = Sentences([], [], [])
    for _ in range(draw(st.integers(0, 4))):
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        m, n = int(rng.integers(1, 10)), int(rng.integers(0, 10))
        count = int(rng.integers(0, 3 * m)) if n else 0
        links = zip(rng.integers(0, m, count).tolist(), rng.integers(0, n, count).tolist(), strict=True) if n else []
        entities = []
        for _ in range(int(rng.integers(0, 5))):
            start = int(rng.integers(0, m))
            entities.append((start, int(rng.integers(start + 1, m + 1)), int(rng.integers(0, 3))))
        if draw(st.booleans()):
            entities.sort()
        batch.entities.append(entities)
        batch.edges.append(list(links))
        batch.lengths.append(n)
    return batch


def rows(ragged: tuple[np.ndarray, np.ndarray]) -> list[list[tuple[int, ...]]]:
    """A ragged batch of integer rows as lists of tuples, item by item."""
    values, offsets = ragged
    return [[tuple(row) for row in values[b:e].tolist()] for b, e in itertools.pairwise(offsets)]
