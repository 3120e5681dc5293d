"""The likeliest tag of every word under IOB2 or BIOES: Viterbi decoding of a batch of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport_kernels.jit import IN_F32_2D, IN_I64, IN_I64_2D, OUT_I32, VOID, Array, kernel, longest
from spanport_kernels.ragged import check_offsets

Int32 = npt.NDArray[np.int32]

UNLIKELY = 1e-9
"""Factor on a transition that IOB2 rules out: not 0, so that a classifier that is sure overrules it."""

LEAST = 1e-12
"""Least probability of a tag: some path is always there."""

INNER = ("I-", "E-", "L-")
"""Tags of words that go on with an entity."""

FREE = -1
"""In `openers`: the tag may follow any other."""


@lru_cache(maxsize=32)
def openers(tags: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """The places of the two tags that alone may stand before a tag, int64 (L, 2); `FREE` twice where any may.

    Before ``I-X``, ``E-X`` and ``L-X`` these are ``B-X`` and ``I-X``. A scheme in which some of their types has no
    ``B-`` is not strict (that of the CoNLL-2003 XLM-R model, say): all are free.
    """
    places = {tag: place for place, tag in enumerate(tags)}
    found = []
    for tag in tags:
        opener = places.get(f"B-{tag[2:]}", FREE) if tag[:2] in INNER else FREE
        found.append((opener, places.get(f"I-{tag[2:]}", opener) if opener != FREE else FREE))
    strict = all(opener != FREE for tag, (opener, _) in zip(tags, found, strict=True) if tag[:2] in INNER)
    return np.array(found if strict else [(FREE, FREE)] * len(tags), np.int64).reshape(-1, 2)


@kernel(VOID, IN_F32_2D, IN_I64, IN_I64_2D, OUT_I32)
def _best_tags(probabilities: Array, offsets: Array, before: Array, out: Array) -> None:
    labels = len(before)
    back = np.empty((longest(offsets), labels), np.int32)
    score, previous = np.empty(labels, np.float64), np.empty(labels, np.float64)
    for sentence in range(offsets.size - 1):
        first, end = offsets[sentence], offsets[sentence + 1]
        for word in range(first, end):
            best = np.int64(0)
            for tag in range(1, labels):
                if word > first and score[tag] > score[best]:
                    best = np.int64(tag)
            scale = score[best] if word > first else 1.0
            for tag in range(labels):
                previous[tag] = score[tag] / scale
            for tag in range(labels):
                reached, origin = 1.0, best
                if before[tag, 0] >= 0:
                    reached = UNLIKELY
                    if word > first:
                        for other in before[tag]:
                            if previous[other] > reached:
                                reached, origin = previous[other], other
                score[tag] = reached * max(np.float64(probabilities[word, tag]), LEAST)
                back[word - first, tag] = origin
        best = np.int64(0)
        for tag in range(1, labels):
            if end > first and score[tag] > score[best]:
                best = np.int64(tag)
        for word in range(end - 1, first - 1, -1):
            out[word] = best
            best = np.int64(back[word - first, best])


def best_tags(probabilities: Any, offsets: Any, tags: Sequence[str]) -> Int32:
    """Tags of every word on the likeliest path of its sentence, int32 (W,).

    A path's probability is the product of its tags', and `UNLIKELY` for every ``I-X``, ``E-X`` and ``L-X`` that
    follows neither ``B-X`` nor ``I-X``. Of equal paths, the one whose later tags come first in ``tags``. Where
    `openers` rules nothing out the result is the argmax.

    Args:
        probabilities: (W, L) float32, of words of sentence after sentence.
        offsets: (B + 1,) int64.
        tags: the L tags.

    Raises:
        ValueError: arrays that do not fit together.
    """
    values = np.ascontiguousarray(probabilities, np.float32)
    if values.ndim != 2 or values.shape[1] != len(tags) or not len(tags):
        raise ValueError(f"probabilities have shape {values.shape}, expected (words, {len(tags)} tags)")
    starts = check_offsets(offsets, len(values), "offsets")
    out = np.empty(len(values), np.int32)
    _best_tags(values, starts, openers(tuple(tags)), out)
    return out
