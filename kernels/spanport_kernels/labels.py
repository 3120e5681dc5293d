"""Steps that the heuristic projectors share: target words of an entity, and labels back to spans."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_kernels.jit import Array, helper
from spanport_kernels.ragged import (
    Offsets,
    as_array,
    check_edge_range,
    check_edges,
    check_offsets,
    check_same_batch,
    offsets_of,
)


@helper
def mark_targets(edges: Array, first: int, last: int, start: int, end: int, hit: Array) -> tuple[int, int]:
    """Set ``hit`` of the target words linked to source words start..end-1: 1, or 2 for the first of them.

    Returns the half-open range of the words marked.
    """
    low, high = hit.size, 0
    for edge in range(first, last):
        i, j = edges[edge, 0], edges[edge, 1]
        if start <= i < end:
            hit[j] = 2 if i == start or hit[j] == 2 else 1
            low, high = min(low, j), max(high, j + 1)
    return low, high


@helper
def write_run(start: int, end: int, entity: int, owner: Array, begins: Array) -> None:
    """Label words start..end-1 as one span of an entity, over what was there."""
    for word in range(start, end):
        owner[word] = entity
        begins[word] = word == start


@helper
def read_spans(
    owner: Array, begins: Array, n: int, entities: Array, first_entity: int, spans: Array, total: int
) -> int:
    """Append the spans that the labels of n words spell; return the new total.

    A span begins at a B and at an I after O or after another label, as seqeval reads IOB2: an
    overwritten span may so fall apart or join its neighbour, as it does in the published figures.
    """
    previous = -1
    for word in range(n):
        entity = owner[word]
        if entity >= 0:
            label = entities[first_entity + entity, 2]
            if begins[word] or label != previous:
                spans[total, 0], spans[total, 2], spans[total, 3] = word, label, entity
                total += 1
            spans[total - 1, 1] = word + 1
            previous = label
        else:
            previous = -1
    return total


def check_projection(
    entities: Any, entity_offsets: Any, edges: Any, edge_offsets: Any, target_lengths: Any
) -> tuple[NDArray[np.int32], Offsets, NDArray[np.int32], Offsets, NDArray[np.int64]]:
    """Return a projector's input as the arrays its kernel takes, checked to belong together.

    Raises:
        ValueError: arrays of the wrong shape or batch size, an entity that is empty or starts below
            0, a negative label, or an edge outside its pair.
    """
    spans = as_array(entities, np.int32, "entities", columns=3)
    span_offsets = check_offsets(entity_offsets, spans.shape[0], "entity_offsets")
    bad = (spans[:, 0] < 0) | (spans[:, 1] <= spans[:, 0]) | (spans[:, 2] < 0)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"entity {at} is {spans[at].tolist()}, expected 0 <= start < end and a label >= 0")
    links, link_offsets = check_edges(edges, edge_offsets)
    check_same_batch("entity_offsets", span_offsets, "edge_offsets", link_offsets)
    widths = as_array(target_lengths, np.int64, "target_lengths")
    check_same_batch("entity_offsets", span_offsets, "target_lengths", offsets_of(widths))
    anything = np.full(widths.size, np.iinfo(np.int32).max, np.int64)
    check_edge_range(links, link_offsets, anything, widths)
    return spans, span_offsets, links, link_offsets, widths


def choice(name: str, value: str, first: str, second: str) -> bool:
    """Return whether ``value`` is the second of two words. Raises ValueError if it is neither."""
    if value not in (first, second):
        raise ValueError(f"{name} is {value!r}, expected {first!r} or {second!r}")
    return value == second
