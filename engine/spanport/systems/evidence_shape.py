"""What the letters of a candidate say: how it is written, by label, and words that seldom begin or end a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.systems.evidence_ragged import Float64, Ranges, Words, running_sums

LABELS = ("PER", "ORG", "LOC", "MISC")
SHAPES = ("acronym", "capital", "lower", "other")
"""All words in capitals and of two characters or more; else by the first character: capital, lower case, neither."""

SHAPE_BY_LABEL = tuple(f"{shape}_{label}" for label in LABELS for shape in SHAPES)
"""A range of this shape, of an entity of this label: guidelines differ in what they annotate (demonyms, agencies)."""

SHAPE_EVIDENCE = (
    *SHAPE_BY_LABEL,
    "bare_edge",  # the first or the last word has neither letter nor digit
    "lower_end",  # the last word begins with a lower-case letter
    "punctuated",  # some word has neither letter nor digit
    "digits",  # some word has a digit
    "initial",  # the range starts the sentence
)


def shape_columns(ranges: Ranges, target: Words, labels: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The columns of `SHAPE_EVIDENCE`, each (C,); labels: the entity's label of each candidate."""
    low, high = target.offsets[ranges.pair] + ranges.start, target.offsets[ranges.pair] + ranges.end
    words = [word for row in target.texts for word in row]
    upper = _flags([len(word) > 1 and word.isupper() for word in words])
    lower = _flags([word[:1].islower() for word in words])
    bare = _flags([not any(map(str.isalnum, word)) for word in words])
    digit = _flags([any(map(str.isdigit, word)) for word in words])

    def among(flags: Float64) -> Float64:
        sums = running_sums(flags)
        return np.asarray(sums[high] - sums[low])

    acronym = among(upper) == high - low
    capital = ~acronym & target.capital[low]
    small = ~acronym & (lower[low] > 0)
    shapes = dict(zip(SHAPES, (acronym, capital, small, ~(acronym | capital | small)), strict=True))
    names = np.array(labels, dtype=str)
    return {
        **{f"{shape}_{label}": shapes[shape] & (names == label) for label in LABELS for shape in SHAPES},
        "bare_edge": (bare[low] + bare[high - 1]) > 0,
        "lower_end": lower[high - 1],
        "punctuated": among(bare) > 0,
        "digits": among(digit) > 0,
        "initial": ranges.start == 0,
    }


def _flags(values: list[bool]) -> Float64:
    return np.array(values, np.float64)
