"""Entities that the classifier half sees: further ones for a matching that weighs probabilities to choose from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec
import numpy as np

from spanport.ports import Float32
from spanport.stages.batch import Job
from spanport.stages.label import group_tags, label_spans, read_tags
from spanport.types import Span

DOUBT = 0.25
"""Factor on the probability of O, so that words read as O by a small margin count as entities too."""

WIDEST = 2
"""A target span may be linked to this many times its length of source words, and two more."""


def read(probabilities: Float32 | None, tags: Sequence[str], doubt: float = 1.0) -> list[tuple[int, int, str]]:
    """The entities that the classifier reads, in words: first, last + 1, label."""
    if probabilities is None or not len(probabilities) or not tags:
        return []
    weights = np.array([doubt if tag == "O" else 1.0 for tag in tags], np.float32)
    return group_tags([tags[i] for i in read_tags(probabilities * weights, tags).tolist()])


def mass(probabilities: Float32, tags: Sequence[str], start: int, end: int, label: str) -> float:
    """Mean probability that the words ``[start, end)`` are in an entity of the label."""
    columns = [i for i, tag in enumerate(tags) if tag in (f"B-{label}", f"I-{label}")]
    return float(probabilities[start:end, columns].sum(axis=1).mean())


def suggest(job: Job, tags: Sequence[str]) -> Job:
    """The job with further source entities after its own: those read in doubt on the source or the target.

    An entity read on the target lies on the source words that it is linked to. A suggested span's score is the
    source's `mass`. A job whose labels are not the classifier's own (gold labels, say) is returned as it is.
    """
    if job.source_probabilities is None or job.probabilities is None:
        return job
    words = job.source.words
    if not set(job.source.spans) <= set(label_spans(words, job.source_probabilities, tags)):
        return job
    known = set(job.source.word_spans())
    found = read(job.source_probabilities, tags, DOUBT)
    for start, end, label in (*read(job.probabilities, tags), *read(job.probabilities, tags, DOUBT)):
        linked = job.links[(job.links[:, 1] >= start) & (job.links[:, 1] < end), 0]
        if len(linked) and linked.max() - linked.min() < WIDEST * (end - start) + 2:
            found.append((int(linked.min()), int(linked.max()) + 1, label))
    new = [entity for entity in dict.fromkeys(found) if entity not in known]
    spans = [
        Span(words[start][0], words[end - 1][1], label, mass(job.source_probabilities, tags, start, end, label))
        for start, end, label in new
    ]
    source = msgspec.structs.replace(job.source, spans=(*job.source.spans, *spans))
    return dataclasses.replace(job, source=source)
