"""What the letters of a candidate say: how it is written, by label, and words that seldom begin or end a name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.ports import BoolArray
from spanport.systems.calibrated.ragged import Float64, Ranges, Words, capital, running_sums

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


def shape_columns(ranges: Ranges, target: Words, labels: npt.NDArray[np.str_]) -> dict[str, npt.NDArray[Any]]:
    """The columns of `SHAPE_EVIDENCE`, each (C,); labels: the entity's label of each candidate."""
    low, high = target.offsets[ranges.pair] + ranges.start, target.offsets[ranges.pair] + ranges.end
    upper = target.flags(lambda word: len(word) > 1 and word.isupper())
    lower = target.flags(lambda word: word[:1].islower())
    bare = target.flags(lambda word: not any(map(str.isalnum, word)))
    digit = target.flags(lambda word: any(map(str.isdigit, word)))

    def among(flags: BoolArray) -> Float64:
        sums = running_sums(flags)
        return np.asarray(sums[high] - sums[low])

    acronym = among(upper) == high - low
    tall = ~acronym & target.flags(capital)[low]
    small = ~acronym & lower[low]
    shapes = dict(zip(SHAPES, (acronym, tall, small, ~(acronym | tall | small)), strict=True))
    return {
        **{f"{shape}_{label}": shapes[shape] & (labels == label) for label in LABELS for shape in SHAPES},
        "bare_edge": bare[low] | bare[high - 1],
        "lower_end": lower[high - 1],
        "punctuated": among(bare) > 0,
        "digits": among(digit) > 0,
        "initial": ranges.start == 0,
    }
