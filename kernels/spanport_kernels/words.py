"""Subword edges to word edges."""

from typing import Any

import numpy as np

from spanport_kernels.jit import EDGES, IN_I32, IN_I32_2D, IN_I64, Array, helper, kernel, longest
from spanport_kernels.ragged import Ragged, as_array, check_edge_range, check_edges, check_offsets, check_same_batch


@helper
def _add_sorted(keys: Array, count: int, key: Array) -> int:
    """Insert a key unless it is there; return the new count. Keys come nearly sorted, so few move."""
    at = count
    while at > 0 and keys[at - 1] > key:
        at -= 1
    if at > 0 and keys[at - 1] == key:
        return count
    for k in range(count, at, -1):
        keys[k] = keys[k - 1]
    keys[at] = key
    return count + 1


@kernel(EDGES, IN_I32_2D, IN_I64, IN_I32, IN_I64, IN_I32, IN_I64)
def _to_words(
    edges: Array, offsets: Array, source_word: Array, source_offsets: Array, target_word: Array, target_offsets: Array
) -> tuple[Array, Array]:
    keys = np.empty(longest(offsets), np.int64)
    words = np.empty((offsets[-1], 2), np.int32)
    word_offsets = np.zeros(offsets.size, np.int64)
    total = np.int64(0)
    for pair in range(offsets.size - 1):
        count = np.int64(0)
        for edge in range(offsets[pair], offsets[pair + 1]):
            i = source_word[source_offsets[pair] + edges[edge, 0]]
            j = target_word[target_offsets[pair] + edges[edge, 1]]
            if i >= 0 and j >= 0:
                count = _add_sorted(keys, count, (np.int64(i) << 32) | np.int64(j))
        for k in range(count):
            words[total, 0], words[total, 1] = keys[k] >> 32, keys[k] & 0xFFFFFFFF
            total += 1
        word_offsets[pair + 1] = total
    return words[:total].copy(), word_offsets


def subword_to_word(
    edges: Any,
    edge_offsets: Any,
    source_word_of: Any,
    source_offsets: Any,
    target_word_of: Any,
    target_offsets: Any,
) -> Ragged:
    """Link two words if any of their subwords are linked (SimAlign's and AWESOME's rule).

    Args:
        edges: (E, 2) int32 subword edges, each pair's sorted by row for speed.
        edge_offsets: (B + 1,) int64.
        source_word_of: (Ns,) int32 word of every source subword, -1 for one that belongs to no word.
        source_offsets: (B + 1,) int64.
        target_word_of: (Nt,) int32.
        target_offsets: (B + 1,) int64.

    Returns:
        Ragged: (W, 2) int32 word edges, sorted and unique within a pair, and (B + 1,) int64 offsets.

    Raises:
        ValueError: arrays that do not fit together, or an edge outside its pair.
    """
    links, offsets = check_edges(edges, edge_offsets)
    a_word = as_array(source_word_of, np.int32, "source_word_of")
    b_word = as_array(target_word_of, np.int32, "target_word_of")
    a_offsets = check_offsets(source_offsets, a_word.size, "source_offsets")
    b_offsets = check_offsets(target_offsets, b_word.size, "target_offsets")
    check_same_batch("edge_offsets", offsets, "source_offsets", a_offsets)
    check_same_batch("edge_offsets", offsets, "target_offsets", b_offsets)
    check_edge_range(links, offsets, np.diff(a_offsets), np.diff(b_offsets))
    return Ragged(*_to_words(links, offsets, a_word, a_offsets, b_word, b_offsets))
