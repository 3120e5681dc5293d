"""Helpers of `fused`: the entities of a sentence whose best candidate can be read off, in one pass over the links.

An entity of L words is *plain* if its n links end at n target words in a row, none of them a stop word. That run is
its only best candidate: it scores 2n / (L + n), below 2, and every word given up takes 2 off the numerator and 1 off
the denominator. Counting covered words, this holds if the links also start at n different words. More than nine in
ten entities of newswire are plain.

The others are left to the general way, as are sentences past `MOST_WORDS` or `MOST_ENTITIES` and those whose entities
overlap.
"""

from __future__ import annotations

import numpy as np

from spanport_kernels.jit import Array, helper

MOST_WORDS, MOST_ENTITIES = 1024, 64
"""A sentence is looked at here if no entity of it ends later and it has no more entities."""

NOT_PLAIN = 64
"""Added to the number of links for each that ends at a stop word or nowhere."""

COUNT, LOW, HIGH, TARGETS, SOURCES, REPEATED = 0, 1, 2, 3, 4, 5
"""Columns of the sums: number of links; first and last linked target word; these words as bits, modulo 64; likewise
the linked source words, and those of them that were linked more than once."""


@helper
def own_words(entities: Array, begin: int, end: int, owner: Array, sums: Array) -> bool:
    """Note each word's entity and clear the entities' sums; False if the sentence is not to be looked at.

    Entities are known by their index in the batch, so that nothing has to be undone after a sentence.
    """
    if end - begin > MOST_ENTITIES:
        return False
    clash = False
    for x in range(np.uint64(begin), np.uint64(end)):
        if entities[x, 1] > MOST_WORDS:
            return False
        e = x - np.uint64(begin)
        sums[e, LOW], sums[e, HIGH] = 2147483647, -1
        sums[e, COUNT] = sums[e, TARGETS] = sums[e, SOURCES] = sums[e, REPEATED] = 0
        for word in range(np.uint64(entities[x, 0]), np.uint64(entities[x, 1])):
            clash |= owner[word] >= begin
            owner[word] = x
    return not clash


@helper
def sum_links(
    edges: Array, begin: int, end: int, first: int, count: int, stop: Array, word_begin: int, word_end: int,
    owner: Array, hits: Array, sums: Array,
) -> None:  # fmt: skip
    """Add the links ``begin`` to ``end`` to the sums of the ``count`` entities from ``first`` on.

    The target's words are ``word_begin`` to ``word_end`` of ``stop``.
    """
    length = np.uint64(word_end - word_begin)
    free = np.uint64(0)
    for x in range(np.uint64(begin), np.uint64(end)):
        # Every link is written and only hits are kept, as in `fused.collect`. Nobody owns the last word.
        word = min(np.uint64(np.uint32(edges[x, 0])), np.uint64(MOST_WORDS))
        hits[free] = x
        free += np.uint64(np.uint32(owner[word] - first) < np.uint32(count))
    for y in range(free):
        link = np.uint64(hits[y])
        source, target = np.int64(edges[link, 0]), np.int64(edges[link, 1])
        e = np.uint64(owner[np.uint64(source)] - first)
        if np.uint64(target) >= length or stop[np.uint64(word_begin + target)]:
            sums[e, COUNT] += NOT_PLAIN
        sums[e, COUNT] += 1
        sums[e, LOW] = min(sums[e, LOW], target)
        sums[e, HIGH] = max(sums[e, HIGH], target)
        sums[e, TARGETS] |= np.int64(1) << (target & 63)
        bit = np.int64(1) << (source & 63)
        sums[e, REPEATED] |= sums[e, SOURCES] & bit
        sums[e, SOURCES] |= bit


@helper
def is_plain(sums: Array, e: int, longest: int, covered: bool) -> bool:
    """Whether the run of entity ``e``, which has links, is its best candidate and at most ``longest`` words."""
    count, low = sums[e, COUNT], sums[e, LOW]
    run = (np.int64(1) << (count & 63)) - 1
    run = run << (low & 63) | run >> (-low & 63)
    # without branches, which would be mispredicted
    plain = (count == sums[e, HIGH] - low + 1) & (count <= longest) & (count < 63) & (sums[e, TARGETS] == run)
    plain &= (not covered) | (sums[e, REPEATED] == 0)
    return bool(plain)
