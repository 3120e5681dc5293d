"""Span-filling projection with its filters (arXiv 2505.10507): first to last linked word, all labelled."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spanport_kernels.jit import (
    BOOL,
    FILLED,
    IN_I32_2D,
    IN_I64,
    Array,
    helper,
    kernel,
)
from spanport_kernels.labels import check_projection, choice, mark_targets, read_spans, write_run
from spanport_kernels.ragged import Ragged


class Filled(NamedTuple):
    """Projected spans, and for each pair whether all of its filters passed, (B,) bool."""

    spans: Ragged
    complete: NDArray[np.bool_]


@helper
def _linked_words(edges: Array, first: int, last: int, start: int, end: int) -> int:
    """Return how many of the source words start..end-1 have a link."""
    linked = 0
    for word in range(start, end):
        for edge in range(first, last):
            if edges[edge, 0] == word:
                linked += 1
                break
    return linked


@helper
def _clear(hit: Array, low: int, high: int) -> int:
    """Clear ``hit`` between low and high and return how many words were set."""
    total = 0
    for word in range(low, high):
        total += hit[word] != 0
        hit[word] = 0
    return total


@helper
def _same_counts(entities: Array, first: int, last: int, owner: Array, begins: Array, n: int) -> bool:
    """Whether every label of the source entities begins as many spans on the target side."""
    for k in range(first, last):
        label = entities[k, 2]
        balance = 0
        for other in range(first, last):
            balance += entities[other, 2] == label
        for word in range(n):
            balance -= owner[word] >= 0 and begins[word] and entities[first + owner[word], 2] == label
        if balance != 0:
            return False
    return True


@kernel(
    FILLED,
    *(IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I64),
    *(BOOL, BOOL, BOOL, BOOL, BOOL),
)
def _project(
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    target_lengths: Array,
    complete_source: bool,
    complete_target: bool,
    complete_instance: bool,
    restrict_target: bool,
    discard: bool,
) -> tuple[Array, Array, Array]:
    n_max, words = np.int64(0), np.int64(0)
    for n in target_lengths:
        n_max, words = max(n_max, n), words + n
    hit, begins, owner = np.zeros(n_max, np.uint8), np.empty(n_max, np.bool_), np.empty(n_max, np.int32)
    spans = np.empty((words, 4), np.int32)
    offsets = np.zeros(entity_offsets.size, np.int64)
    complete = np.ones(entity_offsets.size - 1, np.bool_)
    total = np.int64(0)
    for pair in range(complete.size):
        first, last, n = entity_offsets[pair], entity_offsets[pair + 1], target_lengths[pair]
        begin, end = edge_offsets[pair], edge_offsets[pair + 1]
        owner[:n] = -1
        for entity in range(first, last):
            low_word, high_word = entities[entity, 0], entities[entity, 1]
            low, high = mark_targets(edges, begin, end, low_word, high_word, hit)
            linked = _clear(hit, low, high)
            size = high_word - low_word
            if (complete_source and _linked_words(edges, begin, end, low_word, high_word) < size) or (
                complete_target and low < high and linked < high - low
            ):
                complete[pair] = False
            elif low < high:
                write_run(low, low + 1 if restrict_target and size == 1 else high, entity - first, owner, begins)
        if complete_instance and not _same_counts(entities, first, last, owner, begins, n):
            complete[pair] = False
            owner[:n] = -1
        if complete[pair] or not discard:
            total = read_spans(owner, begins, n, entities, first, spans, total)
        offsets[pair + 1] = total
    return spans[:total].copy(), offsets, complete


def project_filling(
    entities: Any,
    entity_offsets: Any,
    edges: Any,
    edge_offsets: Any,
    target_lengths: Any,
    *,
    complete_source: bool = False,
    complete_target: bool = False,
    complete_instance: bool = False,
    restrict_target: bool = False,
    on_failure: str = "skip",
) -> Filled:
    """Project each entity onto all target words from the first to the last that it is linked to.

    Later entities overwrite earlier ones. Translate-train uses the three ``complete`` filters and
    discards the sentence; translate-test uses ``restrict_target`` and skips the entity.

    Args:
        entities: (K, 3) int32 rows (start, end, label) in source words, half-open, labels from 0.
        entity_offsets: (B + 1,) int64.
        edges: (E, 2) int32 word links (source, target) in any order.
        edge_offsets: (B + 1,) int64.
        target_lengths: (B,) number of target words.
        complete_source: COMP-SRC, every word of the entity has a link.
        complete_target: COMP-TGT, the linked target words are contiguous.
        complete_instance: COMP-INS, each label has as many spans on both sides; else the pair's
            projection is empty.
        restrict_target: RESTR-TGT, an entity of one word labels the first target word only.
        on_failure: ``skip`` an entity that fails a filter, or ``discard`` all spans of its pair.

    Returns:
        Filled: spans as `spanport_kernels.runs.project_runs` returns them; whether each pair
        passed all filters that were asked for.

    Raises:
        ValueError: arrays that do not fit together, an edge outside its pair, an unknown choice.
    """
    discard = choice("on_failure", on_failure, "skip", "discard")
    arrays = check_projection(entities, entity_offsets, edges, edge_offsets, target_lengths)
    spans, offsets, complete = _project(
        *arrays, complete_source, complete_target, complete_instance, restrict_target, discard
    )
    return Filled(Ragged(spans, offsets), complete)
