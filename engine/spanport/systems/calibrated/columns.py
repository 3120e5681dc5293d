"""What links, strings, letters and the classifier's view say about candidates: the columns of the evidence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.encoding.label import by_label, kinds_of, range_means
from spanport.matching.batch import PairBatch
from spanport.ports import BoolArray, Int64
from spanport.systems.calibrated.letters import BARE, CAPITAL, DIGIT, LOWER, UPPER, Words
from spanport.systems.calibrated.names import LABELS, PROBABILITIES, SHAPES
from spanport.systems.calibrated.view import View

Float64 = npt.NDArray[np.float64]


class Ranges(NamedTuple):
    """Candidates sorted by pair, entity, start, end; entity is a row of the batch. Each int64 (C,)."""

    pair: Int64
    entity: Int64
    start: Int64
    end: Int64


class EntityLinks(NamedTuple):
    """The links of each entity: ``rows`` of the batch's edges, int64 (K,), from ``offsets`` (entities + 1,) on."""

    rows: Int64
    offsets: Int64


def spread(counts: npt.NDArray[Any]) -> tuple[Int64, Int64]:
    """For items repeated ``counts`` times: the item, and the number of the repetition."""
    item = np.repeat(np.arange(counts.size), counts)
    return item, np.arange(item.size) - (np.cumsum(counts) - counts)[item]


def running_sums(values: npt.NDArray[Any]) -> Float64:
    """Running sums with a leading 0, so that a range sums to a difference of two."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def log_odds(probability: npt.NDArray[Any], least: float = 0.005) -> Float64:
    """Logarithm of p over 1 - p, p kept within ``[least, 1 - least]``."""
    p = np.clip(np.asarray(probability, np.float64), least, 1 - least)
    return np.log(p / (1 - p))


def link_columns(
    batch: PairBatch, ranges: Ranges, own: EntityLinks, source: Words, target: Words, suggested: BoolArray
) -> dict[str, npt.NDArray[Any]]:
    """The columns of `LINK_EVIDENCE`, each (C,); own: the links of each entity. Suggested ones contest nothing."""
    from spanport_kernels.shared import shared_links

    pair, entity, start, end = ranges
    rows = batch.entities[entity].astype(np.int64)
    n_source, n_target = (rows[:, 1] - rows[:, 0]).astype(float), (end - start).astype(float)
    low, high = target.offsets[pair] + start, target.offsets[pair] + end

    counts = np.diff(own.offsets)
    named = np.zeros(len(batch.edges), np.bool_)
    named[own.rows[np.repeat(~suggested, counts)]] = True
    candidates = np.stack([entity, start, end], axis=1)
    shared = shared_links(candidates, batch.edges, own.rows, own.offsets, named).T.astype(float)
    pairs, named_pairs, *covered = shared
    total = counts[entity].astype(float)

    words = np.repeat(target.offsets[:-1], np.diff(batch.edge_offsets)) + batch.edges[:, 1].astype(np.int64)
    word_links = np.bincount(words, minlength=int(target.offsets[-1]))
    named_links = np.bincount(words, named, minlength=int(target.offsets[-1]))
    all_links, from_entities, bare = map(running_sums, (word_links, named_links, word_links == 0))
    coverage = (covered[0] + covered[1]) / (n_source + n_target)
    best = np.zeros(len(batch.entities))
    np.maximum.at(best, entity, coverage)
    ties = np.bincount(entity, coverage >= best[entity] - 1e-9, minlength=len(best))
    scores = np.array([0.99 if span.score is None else span.score for span in batch.entity_spans])[entity]
    source_log_odds = log_odds(scores)
    ratio = np.log(n_target / n_source)
    similar, lengths = _strings(batch, ranges, source, target)
    s_capital, t_capital = source.flags(CAPITAL), target.flags(CAPITAL)
    loose = np.concatenate([t_capital & (word_links == 0), [False]])
    s_first, s_last = source.offsets[pair] + rows[:, 0], source.offsets[pair] + rows[:, 1] - 1
    return {
        "coverage": coverage,
        "source_covered": covered[0] / n_source,
        "target_covered": covered[1] / n_target,
        "whole": covered[0] == n_source,
        "scattered": 1 - pairs / np.maximum(total, 1),
        "foreign": np.minimum((all_links[high] - all_links[low] - pairs) / n_target, 2),
        "contested": np.minimum((from_entities[high] - from_entities[low] - named_pairs) / n_target, 2),
        "unlinked": (bare[high] - bare[low]) / n_target,
        "behind": best[entity] - coverage,
        "rivals": np.log(np.maximum(ties[entity], 1)),
        "longer": np.maximum(ratio, 0),
        "shorter": np.maximum(-ratio, 0),
        "characters": np.abs(lengths),
        "similar": similar,
        "identical": similar >= 1,
        "first_case": s_capital[s_first] == t_capital[low],
        "last_case": s_capital[s_last] == t_capital[high - 1],
        "capital_before": loose[low - 1] & (start > 0),
        "capital_after": loose[high] & (high < target.offsets[pair + 1]),
        "single": n_source == 1,
        "length": np.log(n_source),
        "source_log_odds": source_log_odds,
        "doubt_times_coverage": source_log_odds * coverage,
    }


def _strings(batch: PairBatch, ranges: Ranges, source: Words, target: Words) -> tuple[Float64, Float64]:
    """String similarity of candidate and entity, and the log of their ratio in characters."""
    from spanport_kernels.lexical import lexical_similarity

    home = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets)).tolist()
    rows = zip(home, batch.entities.tolist(), strict=True)
    names = [" ".join(source.texts[b][first:last]) for b, (first, last, _) in rows]
    pair, entity, start, end = (column.tolist() for column in ranges)
    ours = [names[x] for x in entity]
    theirs = [" ".join(target.texts[b][i:j]) for b, i, j in zip(pair, start, end, strict=True)]
    one_each = np.arange(len(ours) + 1, dtype=np.int64)
    similar = lexical_similarity(ours, one_each, theirs, one_each).astype(np.float64)
    lengths = [np.array([len(text) for text in side], float) for side in (theirs, ours)]
    return similar, np.log(np.maximum(lengths[0], 1) / np.maximum(lengths[1], 1))


def shape_columns(ranges: Ranges, target: Words, labels: npt.NDArray[np.str_]) -> dict[str, npt.NDArray[Any]]:
    """The columns of `SHAPE_EVIDENCE`, each (C,); labels: the entity's label of each candidate."""
    low, high = target.offsets[ranges.pair] + ranges.start, target.offsets[ranges.pair] + ranges.end
    capital, upper, lower, bare, digit = map(target.flags, (CAPITAL, UPPER, LOWER, BARE, DIGIT))

    def among(flags: BoolArray) -> Float64:
        sums = running_sums(flags)
        return np.asarray(sums[high] - sums[low])

    acronym = among(upper) == high - low
    tall = ~acronym & capital[low]
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
    pair = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets))
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
    bounds = np.searchsorted(read.sentence, np.arange(batch.target_lengths.size + 1))
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
