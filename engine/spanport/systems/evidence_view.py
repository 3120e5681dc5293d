"""What the classifier's view of the target says about a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.ports import Float32, Int32
from spanport.stages.batch import Job, PairBatch
from spanport.stages.label import group_tags
from spanport.systems.evidence_ragged import Float64, Ranges, Words, running_sums, spread

Seen = Sequence[Sequence[tuple[int, int, str]]]
"""The entities that the classifier reads on each target: first word, last word + 1, label."""

VIEW_EVIDENCE = (
    "inside",  # mean probability that a word of the range is in an entity of the label
    "weakest",  # the least of them
    "entity",  # mean probability that a word of the range is in any entity
    "begins",  # probability of the label's B tag at the first word
    "before",  # probability of the label at the word before the range
    "after",  # probability of the label's I tag at the word after it
    "same",  # the classifier reads exactly this span with this label
    "same_words",  # exactly this span with another label
    "cut",  # it reads a span that overlaps this one with other bounds
    "inside_times_coverage",
    "same_times_coverage",
)


def read_target(job: Job, tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entities that the classifier reads on the target, in words."""
    if job.probabilities is None or not len(job.probabilities):
        return []
    return group_tags([tags[i] for i in job.probabilities.argmax(axis=1).tolist()])


def view_columns(
    batch: PairBatch, ranges: Ranges, target: Words, tags: Sequence[str], seen: Seen
) -> dict[str, npt.NDArray[Any]]:
    """The columns of `VIEW_EVIDENCE` but the products with coverage, each (C,)."""
    pair, entity, start, end = ranges
    begins, inner = _by_label(batch, tags, target)
    label = batch.entities[entity, 2]
    low, high = target.offsets[pair] + start, target.offsets[pair] + end
    n = (end - start).astype(float)
    either = begins + inner
    item, at = spread(end - start)
    inside = np.bincount(item, either[low[item] + at, label[item]], minlength=len(n)) / n
    weakest = np.ones(len(n))
    np.minimum.at(weakest, item, either[low[item] + at, label[item]])
    outside = tags.index("O") if "O" in tags else 0
    view = [job.probabilities for job in batch.jobs if job.probabilities is not None and len(job.probabilities)]
    free = running_sums(1 - np.concatenate(view)[:, outside]) if view else np.zeros(1)
    same, same_words, cut = _agreement(batch, ranges, label, seen)
    more = high < target.offsets[pair + 1]
    return {
        "inside": inside,
        "weakest": weakest,
        "entity": (free[high] - free[low]) / n,
        "begins": begins[low, label],
        "before": np.where(start > 0, either[low - 1, label], 0),
        "after": np.where(more, inner[np.minimum(high, len(inner) - 1), label], 0),
        "same": same,
        "same_words": same_words,
        "cut": cut,
    }


def _by_label(batch: PairBatch, tags: Sequence[str], target: Words) -> tuple[Float32, Float32]:
    """Probabilities of the B and the I tag of each label of the batch, float32 (target words, labels)."""
    words, kinds = int(target.offsets[-1]), len(batch.labels)
    begins, inner = np.zeros((words, kinds), np.float32), np.zeros((words, kinds), np.float32)
    for b, job in enumerate(batch.jobs):
        if job.probabilities is None:
            continue
        rows = slice(int(target.offsets[b]), int(target.offsets[b + 1]))
        for k, label in enumerate(batch.labels):
            for prefix, out in (("B-", begins), ("I-", inner)):
                if prefix + label in tags:
                    out[rows, k] = job.probabilities[:, tags.index(prefix + label)]
    return begins, inner


def _agreement(batch: PairBatch, ranges: Ranges, label: Int32, seen: Seen) -> Float64:
    """Whether the classifier reads this span: with the label, with another, or with other bounds; (3, C)."""
    out = np.zeros((3, len(label)))
    columns = (ranges.pair, ranges.start, ranges.end, label)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for c, (b, i, j, k) in enumerate(rows):
        for first, last, name in seen[b]:
            if (first, last) == (i, j):
                out[0 if name == batch.labels[k] else 1, c] = 1
            elif first < j and i < last:
                out[2, c] = 1
    return out
