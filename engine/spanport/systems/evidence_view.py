"""What the classifier's view of the target says about a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.ports import Float32, Int32
from spanport.stages.batch import PairBatch
from spanport.systems.evidence_ragged import Float64, Ranges, Words, log_odds, running_sums, spread
from spanport.systems.suggest import mass, read

PROBABILITIES = ("inside", "weakest", "entity", "begins", "before", "after", "source_inside", "source_entity")
"""Evidence that is also given as log odds, of at least 0.005 and at most 0.995."""

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
    "source_inside",  # mean probability that a word of the entity is in one of its label, by the source's view
    "source_entity",  # the same of any label
    "both_inside",  # the product of inside and source_inside
    "suggested",  # the entity is no reading of the source; see `spanport.systems.suggest`
    *(f"{name}_log_odds" for name in PROBABILITIES),
    "inside_times_coverage",
    "same_times_coverage",
)


def view_columns(batch: PairBatch, ranges: Ranges, target: Words, tags: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The columns of `VIEW_EVIDENCE` but ``suggested`` and the products with coverage, each (C,)."""
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
    same, same_words, cut = _agreement(batch, ranges, label, tags)
    own, any_label = _source_view(batch, tags)
    more = high < target.offsets[pair + 1]
    columns = {
        "inside": inside,
        "weakest": weakest,
        "entity": (free[high] - free[low]) / n,
        "begins": begins[low, label],
        "before": np.where(start > 0, either[low - 1, label], 0),
        "after": np.where(more, inner[np.minimum(high, len(inner) - 1), label], 0),
        "source_inside": own[entity],
        "source_entity": any_label[entity],
        "both_inside": own[entity] * inside,
        "same": same,
        "same_words": same_words,
        "cut": cut,
    }
    return columns | {f"{name}_log_odds": log_odds(columns[name]) for name in PROBABILITIES}


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


def _source_view(batch: PairBatch, tags: Sequence[str]) -> tuple[Float64, Float64]:
    """Mean probability, over the words of each entity, of its label and of any; 0.99 where the labels are given."""
    own, any_label = np.full((2, len(batch.entities)), 0.99)
    pair = np.repeat(np.arange(len(batch)), np.diff(batch.entity_offsets))
    for x, (b, (start, end, label)) in enumerate(zip(pair.tolist(), batch.entities.tolist(), strict=True)):
        view = batch.jobs[b].source_probabilities
        if view is not None and batch.entity_spans[x].score is not None:
            own[x] = mass(view, tags, start, end, batch.labels[label])
            any_label[x] = 1 - view[start:end, tags.index("O")].mean()
    return own, any_label


def _agreement(batch: PairBatch, ranges: Ranges, label: Int32, tags: Sequence[str]) -> Float64:
    """Whether the classifier reads this span: with the label, with another, or with other bounds; (3, C)."""
    seen = [read(job.probabilities, tags) for job in batch.jobs]
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
