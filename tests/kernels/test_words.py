"""Subword edges to word edges against the slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from batches import rows
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import extraction as naive
from spanport_kernels.ragged import offsets_of
from spanport_kernels.words import subword_to_word


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**32), max_size=4), st.booleans())
def test_equals_the_twin(seeds: list[int], sorted_words: bool) -> None:
    edges, source, target = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        m, n = rng.integers(1, 8, 2)
        edges.append(np.argwhere(rng.random((m, n)) < rng.choice([0.1, 0.5, 1.0])))
        for side, size in ((source, m), (target, n)):
            words = rng.integers(-1, 4, size)
            side.append(np.sort(words) if sorted_words else words)
    flat = [
        np.concatenate([np.empty((0, *tail), int), *part])
        for part, tail in ((edges, (2,)), (source, ()), (target, ()))
    ]
    offsets = [offsets_of([len(x) for x in part]) for part in (edges, source, target)]
    found = subword_to_word(flat[0], offsets[0], flat[1], offsets[1], flat[2], offsets[2])
    assert rows(found) == [naive.subword_to_word(*pair) for pair in zip(edges, source, target, strict=True)]


def test_an_edge_outside_its_pair_is_named() -> None:
    with pytest.raises(ValueError, match="edge 2-0 of pair 0, expected source < 2 and target < 1"):
        subword_to_word([(2, 0)], [0, 1], [0, 1], [0, 2], [0], [0, 1])
