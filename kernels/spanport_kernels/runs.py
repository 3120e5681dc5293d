"""Heuristic projection: an entity goes to the runs of target words linked to it."""

from typing import Any

import numpy as np

from spanport_kernels.jit import BOOL, EDGES, F64, I64, IN_I32_2D, IN_I64, Array, helper, kernel, longest
from spanport_kernels.labels import check_projection, choice, mark_targets, read_spans, write_run
from spanport_kernels.ragged import Ragged


@helper
def _find_runs(hit: Array, low: int, high: int, merge_distance: int, only_i: bool, starts: Array, ends: Array) -> int:
    """Write the runs of hit words in low..high-1, near ones merged, and clear ``hit``; return their number."""
    runs = 0
    end = low - merge_distance - 1
    for word in range(low, high):
        if hit[word] == 0:
            continue
        gap = word - end
        if gap == 0 or (gap <= merge_distance and not (only_i and hit[word] == 2)):
            ends[runs - 1] = word + 1
        else:
            starts[runs], ends[runs] = word, word + 1
            runs += 1
        end = word + 1
    for word in range(low, high):
        hit[word] = 0
    return runs


@helper
def _drop_short(starts: Array, ends: Array, runs: int, length: int, threshold: float) -> int:
    """Keep runs longer than ``threshold`` times the entity's length; return their number."""
    kept = 0
    for run in range(runs):
        if (ends[run] - starts[run]) / length > threshold:
            starts[kept], ends[kept] = starts[run], ends[run]
            kept += 1
    return kept


@helper
def _keep_top(starts: Array, ends: Array, runs: int, top_k: int, shortest: bool) -> int:
    """Move the ``top_k`` longest (or shortest) runs to the front, earlier ones first among equals."""
    sign = -1 if shortest else 1
    for place in range(min(top_k, runs)):
        best = place
        for run in range(place + 1, runs):
            if sign * (ends[run] - starts[run]) > sign * (ends[best] - starts[best]):
                best = run
        start, end = starts[best], ends[best]
        for run in range(best, place, -1):
            starts[run], ends[run] = starts[run - 1], ends[run - 1]
        starts[place], ends[place] = start, end
    return min(top_k, runs)


@helper
def _sort_entities(entities: Array, first: int, last: int, order: Array) -> None:
    """Write the entities of a pair, shortest first, earlier ones first among equals."""
    for entity in range(last - first):
        length = entities[first + entity, 1] - entities[first + entity, 0]
        at = entity
        while at > 0:
            before = first + order[at - 1]
            if entities[before, 1] - entities[before, 0] <= length:
                break
            order[at] = order[at - 1]
            at -= 1
        order[at] = entity


@helper
def _is_free(owner: Array, start: int, end: int) -> bool:
    taken = 0
    for word in range(start, end):
        taken += owner[word] >= 0
    return taken == 0


@kernel(EDGES, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I64, I64, I64, BOOL, F64, BOOL, BOOL, BOOL)
def _project(
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    target_lengths: Array,
    merge_distance: int,
    top_k: int,
    only_i: bool,
    threshold: float,
    by_length: bool,
    overwrite: bool,
    shortest: bool,
) -> tuple[Array, Array]:
    n_max, words = np.int64(0), np.int64(0)
    for n in target_lengths:
        n_max, words = max(n_max, n), words + n
    hit, begins = np.zeros(n_max, np.uint8), np.empty(n_max, np.bool_)
    owner, starts, ends = np.empty(n_max, np.int32), np.empty(n_max, np.int32), np.empty(n_max, np.int32)
    order = np.arange(longest(entity_offsets))
    spans = np.empty((words, 4), np.int32)
    offsets = np.zeros(entity_offsets.size, np.int64)
    total = np.int64(0)
    for pair in range(offsets.size - 1):
        first, last, n = entity_offsets[pair], entity_offsets[pair + 1], target_lengths[pair]
        owner[:n] = -1
        if by_length:
            _sort_entities(entities, first, last, order)
        for place in range(last - first):
            entity = order[place]
            start, end = entities[first + entity, 0], entities[first + entity, 1]
            low, high = mark_targets(edges, edge_offsets[pair], edge_offsets[pair + 1], start, end, hit)
            runs = _find_runs(hit, low, high, merge_distance, only_i, starts, ends)
            if threshold >= 0.0:
                runs = _drop_short(starts, ends, runs, end - start, threshold)
            if top_k > 0:
                runs = _keep_top(starts, ends, runs, top_k, shortest)
            for run in range(runs):
                if overwrite or _is_free(owner, starts[run], ends[run]):
                    write_run(starts[run], ends[run], entity, owner, begins)
        if last > first:
            total = read_spans(owner, begins, n, entities, first, spans, total)
        offsets[pair + 1] = total
    return spans[:total].copy(), offsets


def project_runs(
    entities: Any,
    entity_offsets: Any,
    edges: Any,
    edge_offsets: Any,
    target_lengths: Any,
    *,
    merge_distance: int = 0,
    top_k: int = 0,
    only_i: bool = False,
    threshold: float = -1.0,
    order: str = "given",
    collision: str = "skip",
    top_k_keeps: str = "longest",
) -> Ragged:
    """Project entities onto the runs of target words that they are linked to.

    For each entity: split its linked target words into maximal runs; merge neighbouring runs; drop
    runs that are too short; keep the best; label each that is left (Shkalikov's heuristic, and, with
    ``merge_distance=1, threshold=0.8, collision="overwrite"``, that of arXiv 2501.18750).

    Args:
        entities: (K, 3) int32 rows (start, end, label) in source words, half-open, labels from 0.
        entity_offsets: (B + 1,) int64.
        edges: (E, 2) int32 word links (source, target) in any order.
        edge_offsets: (B + 1,) int64.
        target_lengths: (B,) number of target words.
        merge_distance: merge runs with at most this many words between them; 0 merges none.
        top_k: keep this many runs of an entity; 0 keeps all.
        only_i: never merge a run whose first word is linked to the entity's first word.
        threshold: keep runs longer, strictly, than this times the entity's length; negative is off.
        order: ``given``, or ``length_asc``: shortest entities first.
        collision: ``skip`` a run any word of which is taken, or ``overwrite``.
        top_k_keeps: ``longest``, or ``shortest`` as the thesis's program has it.

    Returns:
        Ragged: (P, 4) int32 rows (start, end, label, entity), sorted, disjoint, in target words,
        ``entity`` counting from 0 within the pair; and (B + 1,) int64 offsets. An overwritten span
        is what seqeval would read from the labels: it may be split, or joined to a neighbour.

    Raises:
        ValueError: arrays that do not fit together, an edge outside its pair, an unknown choice.
    """
    by_length = choice("order", order, "given", "length_asc")
    overwrite = choice("collision", collision, "skip", "overwrite")
    shortest = choice("top_k_keeps", top_k_keeps, "longest", "shortest")
    if merge_distance < 0 or top_k < 0:
        raise ValueError(f"merge_distance is {merge_distance} and top_k {top_k}, expected at least 0")
    arrays = check_projection(entities, entity_offsets, edges, edge_offsets, target_lengths)
    result = _project(*arrays, merge_distance, top_k, only_i, threshold, by_length, overwrite, shortest)
    return Ragged(*result)
