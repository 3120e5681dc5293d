"""Similarity matrices and word pooling against their slow twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from batches import sizes
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import extraction as naive
from spanport_kernels.pooling import pool_words
from spanport_kernels.ragged import matrix_offsets, offsets_of
from spanport_kernels.similarity import METRICS, similarity

option = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(sizes, max_size=4),
    st.integers(1, 9),
    st.integers(0, 2**32),
    st.fixed_dictionaries(
        {
            "metric": st.sampled_from(list(METRICS)),
            "weight": st.sampled_from([1.0, 0.5]),
            "lexical_weight": option,
            "position": option,
            "distortion": option,
        }
    ),
    st.booleans(),
)
def test_equals_the_twin(
    shapes: list[tuple[int, int]], width: int, seed: int, options: dict[str, Any], mixed: bool
) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(rng.normal(size=(m, width)), rng.normal(size=(n, width))) for m, n in shapes]
    a, b = (
        (np.concatenate([np.empty((0, width)), *side]).astype(np.float32) for side in zip(*pairs, strict=True))
        if (pairs)
        else (np.empty((0, width), np.float32),) * 2
    )
    a[rng.random(len(a)) < 0.1] = 0.0
    source, target = offsets_of([m for m, _ in shapes]), offsets_of([n for _, n in shapes])
    offsets = matrix_offsets(source, target)
    lexical = rng.random(offsets[-1]).astype(np.float32) if mixed else None
    values, found = similarity(a, source, b, target, lexical=lexical, **options)
    assert found.tolist() == offsets.tolist()
    for p, (m, n) in enumerate(shapes):
        extra = None if lexical is None else lexical[offsets[p] : offsets[p + 1]].reshape(m, n)
        twin = naive.similarity(a[source[p] : source[p + 1]], b[target[p] : target[p + 1]], lexical=extra, **options)
        np.testing.assert_allclose(values[offsets[p] : offsets[p + 1]], twin.ravel(), atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_inputs_of_any_float_type_and_layout(dtype: type[np.floating[Any]]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(9, 24)).astype(dtype), rng.normal(size=(5, 24)).astype(dtype)
    a.flags.writeable = False
    values, _ = similarity(a[:, ::2], [0, 9], b[:, ::2], [0, 5], metric="dot")
    expected = a[:, ::2].astype(np.float64) @ b[:, ::2].astype(np.float64).T
    np.testing.assert_allclose(values.reshape(9, 5), expected, atol=1e-4)


def test_bad_input_is_named() -> None:
    a = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="metric is 'euclid', expected one of dot, cosine, cosine01"):
        similarity(a, [0, 2], a, [0, 2], metric="euclid")
    with pytest.raises(ValueError, match="target has vectors of 4 values, expected 3 as source has"):
        similarity(a, [0, 2], np.zeros((2, 4)), [0, 2])
    with pytest.raises(ValueError, match="lexical has 3 values, expected 4: one for each matrix cell"):
        similarity(a, [0, 2], a, [0, 2], lexical=np.zeros(3))
    with pytest.raises(ValueError, match="target_offsets describes 2 items, expected 1"):
        similarity(a, [0, 2], a, [0, 1, 2])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=6), st.integers(0, 2**32))
def test_pooling_equals_the_twin(pieces: list[int], seed: int) -> None:
    offsets = offsets_of(pieces)
    vectors = np.random.default_rng(seed).normal(size=(offsets[-1], 5)).astype(np.float32)
    np.testing.assert_allclose(pool_words(vectors, offsets), naive.pool_words(vectors, offsets), atol=1e-6)
