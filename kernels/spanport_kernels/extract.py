"""Word alignment edges from similarity matrices, and straight from embeddings.

Every method takes a batch of row-major m x n matrices (see `spanport_kernels.similarity.similarity`)
and returns edges sorted by (row, column), each once. Ties go to the first row or column.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from spanport_kernels import argmax, assignment, entmax, similarity
from spanport_kernels import softmax as both_ways
from spanport_kernels.ragged import Ragged, check_matrices, matrix_offsets

#: Similarities computed before they are used, in cells: 128 KiB, which stays in a core's cache.
_CHUNK_CELLS = 32_768


def _batch(kernel: Any, values: Any, source_offsets: Any, target_offsets: Any, *options: Any) -> Ragged:
    matrices, rows, columns = check_matrices(values, source_offsets, target_offsets)
    if matrices.size == 0:
        return Ragged(np.empty((0, 2), np.int32), np.zeros(rows.size, np.int64))
    return Ragged(*kernel(matrices, rows, columns, *options))


def forward(values: Any, source_offsets: Any, target_offsets: Any) -> Ragged:
    """Link every row to its best column.

    Args:
        values: (sum of m * n,) float32 matrices.
        source_offsets: (B + 1,) int64; their differences are the m.
        target_offsets: (B + 1,) int64; their differences are the n.

    Returns:
        Ragged: (E, 2) int32 edges (row, column) and (B + 1,) int64 offsets.

    Raises:
        ValueError: arrays that do not fit together.
    """
    return _batch(argmax.one_way_argmax, values, source_offsets, target_offsets, False)


def reverse(values: Any, source_offsets: Any, target_offsets: Any) -> Ragged:
    """Link every column to its best row. Arguments and result as in `forward`."""
    return _batch(argmax.one_way_argmax, values, source_offsets, target_offsets, True)


def intersection(values: Any, source_offsets: Any, target_offsets: Any) -> Ragged:
    """Link cells that are the maximum of their row and of their column (SimAlign's Argmax).

    Arguments and result as in `forward`.
    """
    return _batch(argmax.mutual_argmax, values, source_offsets, target_offsets, 1, 0.0)


def itermax(
    values: Any, source_offsets: Any, target_offsets: Any, *, alpha: float = 0.9, max_count: int = 2
) -> Ragged:
    """Repeat the intersection among what it left free (SimAlign's Itermax, algorithm 1).

    Each further pass weighs cells 1 where row and column are free, ``alpha`` where one is, 0 where
    none is, and stops when all rows or all columns are linked or nothing is new. Matrices of at most
    two rows or columns get the intersection. Arguments and result otherwise as in `forward`.

    Args:
        alpha: weight of a cell whose row or column is linked already.
        max_count: number of passes, the intersection included.

    Raises:
        ValueError: also for ``max_count`` below 1.
    """
    if max_count < 1:
        raise ValueError(f"max_count is {max_count}, expected at least 1")
    return _batch(argmax.mutual_argmax, values, source_offsets, target_offsets, max_count, alpha)


def softmax(
    values: Any, source_offsets: Any, target_offsets: Any, *, threshold: float = 0.001, scale: float = 1.0
) -> Ragged:
    """Link cells whose softmax over the row and over the column both exceed a threshold.

    Dou and Neubig 2021, section 2.2. Arguments and result otherwise as in `forward`.

    Args:
        threshold: strict lower bound of both probabilities, 1e-9 to 1.
        scale: factor of the similarities before the softmax (for cosines, about 20).

    Raises:
        ValueError: also for a threshold or scale out of range.
    """
    if not 1e-9 <= threshold < 1:
        raise ValueError(f"threshold is {threshold}, expected 1e-9 <= threshold < 1")
    _check_scale(scale)
    return _batch(both_ways.softmax_edges, values, source_offsets, target_offsets, threshold, scale)


def match(values: Any, source_offsets: Any, target_offsets: Any) -> Ragged:
    """Link min(m, n) cells, one in a row and a column, of maximum total (SimAlign's Match).

    Unlike SimAlign, which drops them from its graph, cells of exactly 0 may be linked too. Arguments
    and result as in `forward`.
    """
    return _batch(assignment.match_edges, values, source_offsets, target_offsets)


def entmax15(
    values: Any, source_offsets: Any, target_offsets: Any, *, threshold: float = 0.0, scale: float = 1.0
) -> Ragged:
    """Link cells whose 1.5-entmax over the row and over the column both exceed a threshold.

    Dou and Neubig 2021, section 2.2. Arguments and result otherwise as in `forward`.

    Args:
        threshold: strict lower bound of both probabilities, at least 0.
        scale: factor of the similarities before the entmax.

    Raises:
        ValueError: also for a threshold or scale out of range.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold is {threshold}, expected 0 <= threshold < 1")
    _check_scale(scale)
    return _batch(entmax.entmax_edges, values, source_offsets, target_offsets, threshold, scale)


def _check_scale(scale: float) -> None:
    if not scale > 0:
        raise ValueError(f"scale is {scale}, expected a positive number")


#: Extraction methods by name.
named_extractors: Mapping[str, Callable[..., Ragged]] = MappingProxyType(
    {
        "forward": forward,
        "reverse": reverse,
        "intersection": intersection,
        "itermax": itermax,
        "match": match,
        "softmax": softmax,
        "entmax15": entmax15,
    }
)


def align(
    source: Any,
    source_offsets: Any,
    target: Any,
    target_offsets: Any,
    method: str = "itermax",
    *,
    metric: str = "cosine",
    weight: float = 1.0,
    lexical: Any = None,
    lexical_weight: float = 1.0,
    position: float = 0.0,
    distortion: float = 0.0,
    alpha: float = 0.9,
    max_count: int = 2,
    threshold: float | None = None,
    scale: float = 1.0,
) -> Ragged:
    """Align a batch of pairs of embeddings, keeping only a cacheful of similarities at a time.

    Equals `spanport_kernels.similarity.similarity` followed by the method. Arguments of the
    first are described there.

    Args:
        method: a key of `named_extractors`.
        alpha, max_count: options of ``itermax``.
        threshold, scale: options of ``softmax`` and ``entmax15``; None is the method's default.

    Returns:
        Ragged: (E, 2) int32 edges (source row, target row) and (B + 1,) int64 offsets.

    Raises:
        ValueError: arrays that do not fit together, an unknown method or metric, an option out of range.
    """
    if method not in named_extractors:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(named_extractors)}")
    extract, code = named_extractors[method], similarity.metric_code(metric)
    options: dict[str, Any] = {}
    if method == "itermax":
        options = {"alpha": alpha, "max_count": max_count}
    elif method in ("softmax", "entmax15"):
        options = {"scale": scale} if threshold is None else {"scale": scale, "threshold": threshold}
    a, a_offsets, b, b_offsets = similarity.check_pairs(source, source_offsets, target, target_offsets)
    offsets = matrix_offsets(a_offsets, b_offsets)
    extra = similarity.check_lexical(lexical, int(offsets[-1]))
    pairs = offsets.size - 1
    parts: list[Ragged] = []
    first = 0
    buffer = np.empty(0, np.float32)
    while first < pairs:
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + _CHUNK_CELLS, "right")) - 1)
        rows, columns = a_offsets[first : last + 1], b_offsets[first : last + 1]
        here = offsets[first : last + 1] - offsets[first]
        if buffer.size < here[-1]:
            buffer = np.empty(max(here[-1], _CHUNK_CELLS), np.float32)
        more = extra[offsets[first] : offsets[last]]
        similarity.fill(code, a, rows, b, columns, more, weight, lexical_weight, position, distortion, here, buffer)
        parts.append(extract(buffer[: here[-1]], rows - rows[0], columns - columns[0], **options))
        first = last
    return _joined(parts)


def _joined(parts: list[Ragged]) -> Ragged:
    """Concatenate consecutive batches into one."""
    if not parts:
        return Ragged(np.empty((0, 2), np.int32), np.zeros(1, np.int64))
    starts = np.cumsum([0] + [part.values.shape[0] for part in parts])
    offsets = [np.zeros(1, np.int64)]
    offsets += [part.offsets[1:] + start for part, start in zip(parts, starts[:-1], strict=True)]
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate(offsets))
