"""One record on its way through a job: systems, and the steps before them, fill it from left to right."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from spanport.ports import Float32, Int32
from spanport.types import Alignment, Sentence

NO_LINKS = np.empty((0, 2), np.int32)


class Work(msgspec.Struct, frozen=True):
    """A pair of sentences and what is known of it; ``source`` is empty until there is one, or where none is needed.

    ``alignment`` is what came with the record; ``links`` is int32 (E, 2), (source word, target word), sorted and
    unique, empty where the system asked for none. ``probabilities`` and ``source_probabilities`` are float32
    (words, L), the classifier's view of the target and of the source, where the system asked for it, else None.
    ``pieces`` are the translator's tokens of the target, the other tokens those of the encoder.
    """

    source: Sentence
    target: Sentence
    links: Int32 = NO_LINKS
    probabilities: Float32 | None = None
    source_probabilities: Float32 | None = None
    alignment: Alignment | None = None
    pieces: tuple[str, ...] = ()
    source_tokens: Any = None
    target_tokens: Any = None
