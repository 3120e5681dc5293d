"""The alignment score: how many word links an entity and a candidate share, over their lengths.

Source: span-based projection (arXiv 2501.18750 and its code), of which ``covered`` is a bounded variant.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import BOOL, I64, IN_I32_2D, IN_I64, OUT_F64, OUT_I32, OUT_I64, Array, helper, kernel
from spanport_kernels.ragged import (
    Candidates,
    as_array,
    check_edge_range,
    check_edges,
    check_entities,
    check_inside,
)
from spanport_kernels.scores import Scores, filled, most_cells

AlignScore = Literal["pairs", "covered"]


@helper
def group_links(first: int, last: int, edges: Array, rows: Array, words: int) -> None:
    """Index the links of the source words ``[first, last)`` by target word, without duplicates.

    ``edges`` are sorted by target word, then source word. ``rows[0, t]`` becomes the first link of word t,
    ``rows[1]`` per link the last target word linked to the same source word before, or -1.
    """
    for s in range(last - first):
        rows[2, s] = -1
    kept = 0
    x = 0
    for t in range(words):
        rows[0, t] = kept
        while x < edges.shape[0] and edges[x, 1] == t:
            s = edges[x, 0] - first
            if 0 <= s < last - first and rows[2, s] != t:
                rows[1, kept] = rows[2, s]
                rows[2, s] = t
                kept += 1
            x += 1
    rows[0, words] = kept


@kernel(
    I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I32_2D, IN_I64, IN_I64, I64, BOOL,
    OUT_I32, OUT_I32, OUT_F64, OUT_I64,
)  # fmt: skip
def _align(
    entities: Array,
    entity_offsets: Array,
    edges: Array,
    edge_offsets: Array,
    ranges: Array,
    range_offsets: Array,
    lengths: Array,
    width: int,
    covered: bool,
    entity: Array,
    candidate: Array,
    score: Array,
    offsets: Array,
) -> int:
    """Score every entity with every candidate of its sentence; returns the number of scores above 0.

    ``width`` is the most words, links or entity words of a sentence.
    """
    rows = np.empty((3, width + 1), np.int32)
    total = 0
    for b in range(lengths.size):
        links = edges[edge_offsets[b] : edge_offsets[b + 1]]
        for x in range(entity_offsets[b], entity_offsets[b + 1]):
            first, last = entities[x, 0], entities[x, 1]
            group_links(first, last, links, rows, lengths[b])
            numerator, before, reach = 0, -1, 0
            for c in range(range_offsets[b], range_offsets[b + 1]):
                start, end = ranges[c, 0], ranges[c, 1]
                if start != before or end < reach:
                    numerator, before, reach = 0, start, start
                # One that begins where the last did, and ends later, adds to its numerator.
                for t in range(reach, end):
                    begin, stop = rows[0, t], rows[0, t + 1]
                    numerator += stop > begin if covered else 2 * (stop - begin)
                    for y in range(begin, stop if covered else begin):
                        numerator += rows[1, y] < start
                reach = end
                if numerator > 0:
                    entity[total] = x - entity_offsets[b]
                    candidate[total] = c - range_offsets[b]
                    score[total] = numerator / (last - first + end - start)
                    total += 1
        offsets[b + 1] = total
    return total


def align_scores(
    entities: npt.NDArray[np.int32],
    entity_offsets: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int32],
    edge_offsets: npt.NDArray[np.int64],
    candidates: Candidates,
    target_lengths: npt.NDArray[np.int32],
    score: AlignScore = "pairs",
) -> Scores:
    """How many word links a candidate shares with an entity, over their lengths; only scores above 0.

    ``pairs``: ``2 * links inside / (entity length + candidate length)``, as published, above 1 for many-to-many
    links. ``covered``: ``(entity words linked into the candidate + candidate words linked to the entity) / (both
    lengths)``, never above 1, the same for one-to-one links. Links count once however often they are listed.

    Shapes: ``entities`` ``(E, 3)``, ``edges`` ``(A, 2)``, ``target_lengths`` ``(B,)``, offsets ``(B + 1,)``.
    Raises ValueError for arrays that do not fit together.
    """
    rows, offsets = check_entities(entities, entity_offsets)
    links, link_offsets = check_edges(edges, edge_offsets)
    lengths = as_array(target_lengths, np.int64, "target_lengths")
    check_edge_range(links, link_offsets, np.full(lengths.size, 2**31), lengths)
    check_inside(candidates, lengths)
    pair = np.repeat(np.arange(lengths.size), np.diff(link_offsets))
    links = links[np.lexsort((links[:, 0], links[:, 1], pair))]
    width = max(
        int(lengths.max(initial=1)),
        int(np.diff(link_offsets).max(initial=1)),
        int((rows[:, 1] - rows[:, 0]).max(initial=1)),
    )
    return filled(
        _align, rows, offsets, links, link_offsets, *candidates, lengths, width, score == "covered",
        most=most_cells(offsets, candidates), sentences=lengths.size,
    )  # fmt: skip
