"""What the classifier says about a batch of pairs, flat, and the entities that it reads there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spanport.encoding.label import Readings, as_iob2, read_all
from spanport.errors import UsageError
from spanport.ports import BoolArray, Float32, Int64
from spanport.ragged import offsets_of
from spanport.work import Work

DOUBT = 0.25
"""Factor on the probability of O, so that words read as O by a small margin count as entities too."""


class View(NamedTuple):
    """Probabilities of B pairs by the tags: float32 (words, L) with int64 (B + 1,) offsets for either side.

    A pair without a view of its source has no rows there; ``with_source`` is bool (B,). ``sure`` are the entities
    read on the targets, ``doubtful`` those read in doubt (see `DOUBT`), ``source_doubtful`` those of the sources.
    """

    tags: tuple[str, ...]
    target: Float32
    target_offsets: Int64
    source: Float32
    source_offsets: Int64
    with_source: BoolArray
    sure: Readings
    doubtful: Readings
    source_doubtful: Readings


def view_of(works: Sequence[Work], tags: Sequence[str]) -> View:
    """The classifier's view of the works; tags: the names of the columns of their probabilities.

    Raises UsageError where a work has no probabilities of its target.
    """
    targets = [work.probabilities for work in works if work.probabilities is not None]
    if len(targets) < len(works):
        raise UsageError("calibrated needs the classifier's probabilities of the target; or set view=false")
    nothing = np.empty((0, len(tags)), np.float32)
    sources = [nothing if work.source_probabilities is None else work.source_probabilities for work in works]
    target, target_offsets = np.concatenate([nothing, *targets]), offsets_of([len(rows) for rows in targets])
    source, source_offsets = np.concatenate([nothing, *sources]), offsets_of([len(rows) for rows in sources])
    in_doubt = np.array([DOUBT if tag == "O" else 1.0 for tag in tags], np.float32)
    return View(
        tuple(tags),
        target,
        target_offsets,
        source,
        source_offsets,
        np.array([work.source_probabilities is not None for work in works], np.bool_),
        read_all(target, target_offsets, tags)[1],
        read_all(target * in_doubt, target_offsets, tags)[1],
        read_all(source * in_doubt, source_offsets, tags)[1],
    )


def by_label(probabilities: Float32, tags: Sequence[str], labels: Sequence[str]) -> tuple[Float32, Float32]:
    """Probabilities of the B and the I tag of each label, float32 (words, labels); 0 for tags there are none of.

    S and E tags count as B and I; see `as_iob2`.
    """
    probabilities, tags = as_iob2(probabilities, tags)
    begins, inner = np.zeros((2, len(probabilities), len(labels)), np.float32)
    for k, label in enumerate(labels):
        for prefix, out in (("B-", begins), ("I-", inner)):
            if prefix + label in tags:
                out[:, k] = probabilities[:, tags.index(prefix + label)]
    return begins, inner
