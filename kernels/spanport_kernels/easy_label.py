"""The projection of Easy-Label-Projection (Garcia-Ferrero, Agerri and Rigau 2022), label for label."""

from typing import Any

import numpy as np

from spanport_kernels.jit import EDGES, IN_BOOL, IN_I32_2D, IN_I64, Array, helper, kernel, longest
from spanport_kernels.labels import check_projection, mark_targets, read_spans
from spanport_kernels.ragged import Ragged, as_array, check_offsets


@helper
def _largest_run(hit: Array, low: int, high: int, runs: Array) -> tuple[int, int]:
    """Return the longest run of hit words, gaps filled as the published program does; clear ``hit``.

    It tests the *end* of the next run against the *start* of this one, so two runs join only if
    together they span at most three words.
    """
    count = 0
    for word in range(low, high):
        if hit[word] != 0:
            if count > 0 and runs[count - 1, 1] == word:
                runs[count - 1, 1] = word + 1
            else:
                runs[count, 0], runs[count, 1] = word, word + 1
                count += 1
            hit[word] = 0
    at, best = 0, 0
    for run in range(1, count):
        if runs[run, 1] - runs[at, 0] <= 3:
            runs[at, 1] = runs[run, 1]
        else:
            at += 1
            runs[at, 0], runs[at, 1] = runs[run, 0], runs[run, 1]
    for run in range(1, at + 1 if count > 0 else 0):
        if runs[run, 1] - runs[run, 0] > runs[best, 1] - runs[best, 0]:
            best = run
    return (runs[best, 0], runs[best, 1]) if count > 0 else (0, 0)


@helper
def _covered(found: Array, first: int, last: int, hit: Array) -> int:
    """Return the number of words in the union of some entities' runs."""
    total = 0
    for k in range(first, last):
        for word in range(found[k, 0], found[k, 1]):
            total += hit[word] == 0
            hit[word] = 1
    for k in range(first, last):
        for word in range(found[k, 0], found[k, 1]):
            hit[word] = 0
    return total


@helper
def _write(found: Array, first: int, last: int, start: int, owner: Array, begins: Array) -> None:
    """Label the union of some entities' runs, which may have gaps, as one span of the first."""
    for k in range(first, last):
        for word in range(found[k, 0], found[k, 1]):
            owner[word] = found[first, 2]
            begins[word] = word == start


@helper
def _merge_same_label(found: Array, count: int, label_of: Array, groups: Array) -> int:
    """Join neighbours of one label that collide: the first's end reaches the second's start.

    Writes rows (first of ``found``, start, end) and returns their number. Runs that are not in the
    order of their entities count as colliding, as they do in the published program.
    """
    total = 0
    for k in range(count):
        start, end = found[k, 0], found[k, 1]
        if total > 0 and groups[total - 1, 2] > start:
            head = groups[total - 1, 0]
            if label_of[found[head, 2]] == label_of[found[k, 2]]:
                groups[total - 1, 1] = min(groups[total - 1, 1], start)
                groups[total - 1, 2] = max(groups[total - 1, 2], end)
                continue
        groups[total, 0], groups[total, 1], groups[total, 2] = k, start, end
        total += 1
    groups[total, 0] = count
    return total


@helper
def _resolve(found: Array, groups: Array, total: int, hit: Array, owner: Array, begins: Array) -> None:
    """Of neighbours that collide keep the longer, the later of equals, and label what is kept."""
    if total == 0:
        return
    kept = 0
    for group in range(1, total + 1):
        first, last = groups[kept, 0], groups[kept + 1, 0]
        if group < total and groups[kept, 2] > groups[group, 1]:
            size = _covered(found, first, last, hit)
            if size > _covered(found, groups[group, 0], groups[group + 1, 0], hit):
                continue
        else:
            _write(found, first, last, groups[kept, 1], owner, begins)
        kept = group


@kernel(EDGES, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I64, IN_BOOL)
def _project(
    entities: Array, entity_offsets: Array, edges: Array, edge_offsets: Array, word_offsets: Array, punctuation: Array
) -> tuple[Array, Array]:
    n_max, k_max = longest(word_offsets), longest(entity_offsets)
    hit, begins, owner = np.zeros(n_max, np.uint8), np.empty(n_max, np.bool_), np.empty(n_max, np.int32)
    runs, found = np.empty((n_max, 2), np.int32), np.empty((k_max, 3), np.int32)
    groups = np.empty((k_max + 1, 3), np.int32)
    spans = np.empty((word_offsets[-1], 4), np.int32)
    offsets = np.zeros(entity_offsets.size, np.int64)
    total = np.int64(0)
    for pair in range(offsets.size - 1):
        first, last = entity_offsets[pair], entity_offsets[pair + 1]
        base = word_offsets[pair]
        n = word_offsets[pair + 1] - base
        owner[:n] = -1
        count = np.int64(0)
        for entity in range(first, last):
            start, end = entities[entity, 0], entities[entity, 1]
            low, high = mark_targets(edges, edge_offsets[pair], edge_offsets[pair + 1], start, end, hit)
            for word in range(low, high):
                if punctuation[base + word]:
                    hit[word] = 0
            start, end = _largest_run(hit, low, high, runs)
            if end > start:
                found[count, 0], found[count, 1], found[count, 2] = start, end, entity - first
                count += 1
        merged = _merge_same_label(found, count, entities[first:last, 2], groups)
        _resolve(found, groups, merged, hit, owner, begins)
        total = read_spans(owner, begins, n, entities, first, spans, total)
        offsets[pair + 1] = total
    return spans[:total].copy(), offsets


def project_easy_label(
    entities: Any, entity_offsets: Any, edges: Any, edge_offsets: Any, punctuation: Any, target_offsets: Any
) -> Ragged:
    """Project entities as the Easy-Label-Projection program does, its bugs included.

    For each entity: drop linked target words that are punctuation, fill gaps, keep the largest run.
    Runs that collide with the next entity's are merged if the labels are the same, else the longer is
    kept, the later of equals.

    Args:
        entities: (K, 3) int32 rows (start, end, label) in source words, half-open, labels from 0.
        entity_offsets: (B + 1,) int64.
        edges: (E, 2) int32 word links (source, target) in any order.
        edge_offsets: (B + 1,) int64.
        punctuation: (N,) bool: whether every character of a target word is ASCII punctuation.
        target_offsets: (B + 1,) int64 offsets of the target words in ``punctuation``.

    Returns:
        Ragged: (P, 4) int32 rows (start, end, label, entity) and (B + 1,) int64 offsets, as
        `spanport_kernels.runs.project_runs` returns them.

    Raises:
        ValueError: arrays that do not fit together, or an edge outside its pair.
    """
    mask = as_array(punctuation, np.bool_, "punctuation")
    words = check_offsets(target_offsets, mask.size, "target_offsets")
    arrays = check_projection(entities, entity_offsets, edges, edge_offsets, np.diff(words))
    return Ragged(*_project(*arrays[:4], words, mask))
