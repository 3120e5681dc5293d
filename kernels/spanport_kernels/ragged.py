"""Ragged arrays: a flat array of values and the int64 offsets that cut it into items.

Item ``p`` of a batch of B items is ``values[offsets[p]:offsets[p + 1]]``; ``offsets`` has B + 1
entries, starts at 0, never decreases and ends at ``len(values)``. Kernels trust their input, so every
public function checks its arrays here first.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Offsets = NDArray[np.int64]


class Ragged(NamedTuple):
    """A batch of variable-length items: ``values`` (N, ...) and ``offsets`` (B + 1,) int64."""

    values: NDArray[Any]
    offsets: Offsets


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
        raise ValueError(
            f"{other_name} describes {other.size - 1} items, expected {offsets.size - 1} as {name} does"
        )


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
