"""Ragged arrays: what is refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from spanport_kernels.ragged import (
    as_array,
    check_edge_range,
    check_edges,
    check_matrices,
    check_offsets,
    check_same_batch,
    lengths,
    matrix_offsets,
    offsets_of,
)


def test_offsets_are_returned_as_int64() -> None:
    checked = check_offsets(np.array([0, 2, 2, 5], np.int32), 5, "offsets")
    assert checked.dtype == np.int64
    assert lengths(checked).tolist() == [2, 0, 3]
    assert offsets_of([2, 0, 3]).tolist() == checked.tolist()


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([], "offsets starts with no entries, expected 0"),
        ([1, 5], "offsets starts with 1, expected 0"),
        ([0, 3, 2, 5], "offsets decreases from 3 to 2 at item 1"),
        ([0, 4], "offsets ends at 4, expected 5, the number of values"),
        ([[0, 5]], r"offsets has shape \(1, 2\), expected \(N,\)"),
        ([0.0, 5.0], "offsets has dtype float64, expected int64"),
    ],
)
def test_bad_offsets_are_named(offsets: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_offsets(offsets, 5, "offsets")


def test_arrays_are_copied_only_when_they_must() -> None:
    fine = np.zeros((3, 4), np.float32)
    assert as_array(fine, np.float32, "a", columns=0) is fine
    assert as_array(fine.astype(np.float16), np.float32, "a", columns=4).dtype == np.float32
    assert as_array(fine[:, ::2], np.float32, "a", columns=2).flags.c_contiguous
    with pytest.raises(ValueError, match=r"a has shape \(3, 4\), expected \(N, 3\)"):
        as_array(fine, np.float32, "a", columns=3)


def test_batches_must_be_of_one_size() -> None:
    with pytest.raises(ValueError, match="b describes 2 items, expected 1 as a does"):
        check_same_batch("a", offsets_of([1]), "b", offsets_of([1, 2]))


def test_matrices_must_fill_their_shapes() -> None:
    assert matrix_offsets(offsets_of([2, 0, 3]), offsets_of([4, 5, 1])).tolist() == [0, 8, 8, 11]
    with pytest.raises(ValueError, match=r"values has 5 values, expected 6: the sum of m \* n"):
        check_matrices(np.zeros(5), [0, 2], [0, 3])


@pytest.mark.parametrize("edge", [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_edges_outside_their_pair_are_named(edge: tuple[int, int]) -> None:
    edges, offsets = check_edges([(1, 2), edge], [0, 1, 2])
    with pytest.raises(ValueError, match=f"edge {edge[0]}-{edge[1]} of pair 1, expected source < 2 and target < 3"):
        check_edge_range(edges, offsets, np.array([2, 2]), np.array([3, 3]))
    check_edge_range(edges[:1], np.array([0, 1]), np.array([2]), np.array([3]))
