"""What the classifier's view of the target says about a candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.encoding.label import kinds_of
from spanport.matching.batch import PairBatch
from spanport.ragged import range_means
from spanport.systems.calibrated.ragged import Float64, Ranges, log_odds, running_sums, spread
from spanport.systems.calibrated.view import View, by_label

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
    "suggested",  # the entity is no reading of the source; see `spanport.systems.calibrated.suggest`
    *(f"{name}_log_odds" for name in PROBABILITIES),
    "inside_times_coverage",
    "same_times_coverage",
)


def view_columns(batch: PairBatch, ranges: Ranges, view: View) -> dict[str, npt.NDArray[Any]]:
    """The columns of `VIEW_EVIDENCE` but ``suggested`` and the products with coverage, each (C,)."""
    pair, entity, start, end = ranges
    begins, inner = by_label(view.target, view.tags, batch.labels)
    label = batch.entities[entity, 2]
    low, high = view.target_offsets[pair] + start, view.target_offsets[pair] + end
    n = (end - start).astype(float)
    either = begins + inner
    item, at = spread(end - start)
    inside = np.bincount(item, either[low[item] + at, label[item]], minlength=len(n)) / n
    weakest = np.ones(len(n))
    np.minimum.at(weakest, item, either[low[item] + at, label[item]])
    free = running_sums(1 - view.target[:, _outside(view)])
    same, same_words, cut = _agreement(batch, ranges, view)
    own, any_label = _source_view(batch, view)
    more = high < view.target_offsets[pair + 1]
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


def _outside(view: View) -> int:
    return view.tags.index("O") if "O" in view.tags else 0


def _source_view(batch: PairBatch, view: View) -> tuple[Float64, Float64]:
    """Mean probability, over the words of each entity, of its label and of any; 0.99 where the labels are given."""
    own, any_label = np.full((2, len(batch.entities)), 0.99)
    pair = np.repeat(np.arange(len(batch)), np.diff(batch.entity_offsets))
    scored = np.array([span.score is not None for span in batch.entity_spans], np.bool_)
    seen = np.flatnonzero(scored & view.with_source[pair])
    before, (start, end, label) = view.source_offsets[pair[seen]], batch.entities[seen].T
    inside = np.add(*by_label(view.source, view.tags, batch.labels))
    own[seen] = range_means(inside, before + start, before + end, label)
    outside = np.full_like(label, _outside(view))
    any_label[seen] = 1 - range_means(view.source, before + start, before + end, outside)
    return own, any_label


def _agreement(batch: PairBatch, ranges: Ranges, view: View) -> Float64:
    """Whether the classifier reads this span: with the label, with another, or with other bounds; (3, C)."""
    read = view.sure
    bounds = np.searchsorted(read.sentence, np.arange(len(batch) + 1))
    candidate, at = spread(np.diff(bounds)[ranges.pair])
    reading = bounds[ranges.pair[candidate]] + at
    before = view.target_offsets[read.sentence[reading]]
    first, last = read.start[reading] - before, read.end[reading] - before
    start, end = ranges.start[candidate], ranges.end[candidate]
    same = (first == start) & (last == end)
    kinds = kinds_of(view.tags)
    kind = np.array([kinds.index(label) if label in kinds else -1 for label in batch.labels], np.int64)
    agreed = read.label[reading] == kind[batch.entities[ranges.entity[candidate], 2]]
    found = (same & agreed, same & ~agreed, ~same & (first < end) & (start < last))
    return np.stack([np.bincount(candidate[which], minlength=len(ranges.pair)) > 0 for which in found]).astype(float)
