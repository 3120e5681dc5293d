"""Text to measure on, where none is given."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from spanport.errors import UsageError

MEDIAN_WORDS, SPREAD, MOST_WORDS = 20, 0.6, 80
"""Sentence lengths are log-normal, about those of news text."""


def generate(samples: Sequence[str], count: int, *, seed: int = 1) -> list[str]:
    """``count`` word sequences drawn from ``samples``: no sense, but words and lengths of real sentences.

    Raises UsageError when there is no sample.
    """
    words = [word for sample in samples for word in sample.split()]
    if not words:
        raise UsageError("there is no sample text of this language to draw from; give a file")
    rng = random.Random(seed)
    return [" ".join(rng.choices(words, k=_length(rng))) + "." for _ in range(count)]


def _length(rng: random.Random) -> int:
    return max(1, min(MOST_WORDS, round(rng.lognormvariate(math.log(MEDIAN_WORDS), SPREAD))))
