"""Ragged arrays: a flat array of values and the int64 offsets that cut it into items; and the checks of all arrays.

Item ``p`` of a batch of B items is ``values[offsets[p]:offsets[p + 1]]``; ``offsets`` has B + 1
entries, starts at 0, never decreases and ends at ``len(values)``. Kernels trust their input, so every
public function checks its arrays here first.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from spanport_kernels.jit import I64, IN_I32_2D, IN_I64, Array, kernel

Offsets = NDArray[np.int64]


class Ragged(NamedTuple):
    """A batch of variable-length items: ``values`` (N, ...) and ``offsets`` (B + 1,) int64."""

    values: NDArray[Any]
    offsets: Offsets


class Candidates(NamedTuple):
    """``ranges`` int32 ``(C, 2)``: start, end in target words, half-open; ``offsets`` int64 ``(B + 1,)``."""

    ranges: NDArray[np.int32]
    offsets: NDArray[np.int64]


def as_array(values: Any, dtype: DTypeLike, name: str, *, columns: int | None = None) -> NDArray[Any]:
    """Return ``values`` as a C-contiguous array of ``dtype``, copying only where needed.

    Args:
        values: array-like of shape (N,), or (N, columns) when ``columns`` is given (0: any width).
        dtype: the dtype that the kernel takes. Floats and integers of other widths are converted.
        name: the argument's name, for the error.
        columns: the required width of a two-dimensional array.

    Raises:
        ValueError: wrong number of dimensions or columns, or real numbers where integers are needed.
    """
    array = np.asarray(values)
    wanted = "(N,)" if columns is None else f"(N, {columns or 'any'})"
    if array.ndim != (1 if columns is None else 2) or (columns and array.shape[1] != columns):
        raise ValueError(f"{name} has shape {array.shape}, expected {wanted}")
    if array.size and not np.can_cast(array.dtype, dtype, casting="same_kind"):
        raise ValueError(f"{name} has dtype {array.dtype}, expected {np.dtype(dtype)}")
    return np.ascontiguousarray(array, dtype=dtype)


def check_offsets(offsets: Any, length: int, name: str) -> Offsets:
    """Return ``offsets`` as int64 after checking that they cut ``length`` values into items.

    Args:
        offsets: (B + 1,) integers.
        length: number of values that the offsets refer to.
        name: the argument's name, for the error.

    Raises:
        ValueError: empty, not starting at 0, decreasing, or not ending at ``length``.
    """
    checked: Offsets = as_array(offsets, np.int64, name)
    if checked.size == 0 or checked[0] != 0:
        start = checked[0] if checked.size else "no entries"
        raise ValueError(f"{name} starts with {start}, expected 0 (B + 1 offsets for B items)")
    steps = np.diff(checked)
    if steps.size and steps.min() < 0:
        item = int(np.argmin(steps >= 0))
        raise ValueError(
            f"{name} decreases from {checked[item]} to {checked[item + 1]} at item {item}, "
            "expected non-decreasing offsets"
        )
    if checked[-1] != length:
        raise ValueError(f"{name} ends at {checked[-1]}, expected {length}, the number of values")
    return checked


def check_same_batch(name: str, offsets: Offsets, other_name: str, other: Offsets) -> None:
    """Raise ValueError unless both offset arrays describe batches of the same number of items."""
    if offsets.size != other.size:
        raise ValueError(f"{other_name} describes {other.size - 1} items, expected {offsets.size - 1} as {name} does")


def lengths(offsets: Offsets) -> NDArray[np.int64]:
    """Return the length of every item, (B,) int64."""
    return np.diff(offsets)


def offsets_of(item_lengths: Any) -> Offsets:
    """Return the (B + 1,) int64 offsets of items with these (B,) lengths."""
    counts = np.asarray(item_lengths, dtype=np.int64)
    offsets = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def matrix_offsets(source_offsets: Offsets, target_offsets: Offsets) -> Offsets:
    """Return the (B + 1,) offsets of the row-major m x n matrices of a batch of pairs."""
    return offsets_of(np.diff(source_offsets) * np.diff(target_offsets))


def check_matrices(
    values: Any, source_offsets: Any, target_offsets: Any
) -> tuple[NDArray[np.float32], Offsets, Offsets]:
    """Return a batch of row-major m x n matrices as float32 with the offsets that give their shapes.

    Args:
        values: (sum of m * n,) similarities.
        source_offsets: (B + 1,); pair p has ``m = source_offsets[p + 1] - source_offsets[p]`` rows.
        target_offsets: (B + 1,); likewise columns.

    Raises:
        ValueError: offsets that decrease, or a number of values other than the sum of m * n.
    """
    matrices: NDArray[np.float32] = as_array(values, np.float32, "values")
    rows, columns = np.asarray(source_offsets), np.asarray(target_offsets)
    rows = check_offsets(rows, int(rows[-1]) if rows.size else 0, "source_offsets")
    columns = check_offsets(columns, int(columns[-1]) if columns.size else 0, "target_offsets")
    check_same_batch("source_offsets", rows, "target_offsets", columns)
    cells = int((np.diff(rows) * np.diff(columns)).sum())
    if matrices.size != cells:
        raise ValueError(f"values has {matrices.size} values, expected {cells}: the sum of m * n over all pairs")
    return matrices, rows, columns


def check_edges(edges: Any, edge_offsets: Any) -> tuple[NDArray[np.int32], Offsets]:
    """Return a ragged batch of word pairs as (E, 2) int32 and (B + 1,) int64.

    Raises:
        ValueError: another shape, real numbers, or offsets that do not fit.
    """
    links: NDArray[np.int32] = as_array(edges, np.int32, "edges", columns=2)
    return links, check_offsets(edge_offsets, links.shape[0], "edge_offsets")


@kernel(I64, IN_I32_2D, IN_I64, IN_I64, IN_I64)
def _first_outside(edges: Array, offsets: Array, row_limits: Array, column_limits: Array) -> int:
    """Return the first edge that is not inside its pair, or -1."""
    for pair in range(offsets.size - 1):
        rows, columns = row_limits[pair], column_limits[pair]
        for edge in range(offsets[pair], offsets[pair + 1]):
            i, j = edges[edge, 0], edges[edge, 1]
            if i < 0 or j < 0 or i >= rows or j >= columns:
                return edge
    return -1


def check_edge_range(
    edges: NDArray[np.int32], offsets: Offsets, source_lengths: NDArray[np.int64], target_lengths: NDArray[np.int64]
) -> None:
    """Check that every edge lies inside its pair: kernels index arrays with edges, unchecked.

    Args:
        edges: (E, 2) int32.
        offsets: (B + 1,) int64.
        source_lengths: (B,) int64 number of source words.
        target_lengths: (B,) int64 number of target words.

    Raises:
        ValueError: naming the first such edge, its pair and the lengths.
    """
    at = _first_outside(edges, offsets, source_lengths, target_lengths)
    if at >= 0:
        pair = int(np.searchsorted(offsets, at, "right")) - 1
        raise ValueError(
            f"edge {edges[at, 0]}-{edges[at, 1]} of pair {pair}, expected source < {source_lengths[pair]} "
            f"and target < {target_lengths[pair]}, neither negative"
        )


def check_entities(entities: ArrayLike, entity_offsets: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Entities ``(E, 3)`` and their offsets, converted; ValueError where they do not fit or an entity is empty."""
    rows = as_array(entities, np.int32, "entities", columns=3)
    bad = (rows[:, 0] < 0) | (rows[:, 1] <= rows[:, 0])
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"entity {at} is [{rows[at, 0]}, {rows[at, 1]}), expected 0 <= start < end")
    return rows, check_offsets(entity_offsets, len(rows), "entity_offsets")


def check_inside(candidates: Candidates, lengths: NDArray[np.int64]) -> None:
    """ValueError unless every candidate is a range of words of its sentence."""
    ends = np.repeat(lengths, np.diff(candidates.offsets))
    starts_at, ends_at = candidates.ranges.T
    bad = (starts_at < 0) | (ends_at <= starts_at) | (ends_at > ends)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"candidate {at} is {candidates.ranges[at].tolist()} in a sentence of {ends[at]} words")
