"""What the word links and the strings themselves say about a candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanport.matching.batch import PairBatch
from spanport.ports import BoolArray
from spanport.systems.calibrated.ragged import (
    EntityLinks,
    Float64,
    Ranges,
    Words,
    capital,
    log_odds,
    running_sums,
)

LINK_EVIDENCE = (
    "coverage",  # entity words linked into the range + its words linked to the entity, over both lengths
    "source_covered",  # share of the entity's words linked into the range
    "target_covered",  # share of the range's words linked to the entity
    "whole",  # every word of the entity is linked into the range
    "scattered",  # share of the entity's links that leave the range
    "foreign",  # links into the range from words outside the entity, per word of the range
    "contested",  # links into the range from other entities, per word of the range
    "unlinked",  # share of the range's words without any link
    "behind",  # how much less coverage than the entity's best candidate has
    "rivals",  # log of the number of candidates with that best coverage
    "longer",  # log of range length over entity length in words, where positive
    "shorter",  # the same, where negative
    "characters",  # absolute log of the length ratio in characters
    "similar",  # string similarity: identity 1, case-folded .95, else Dice of trigrams
    "identical",  # the same string
    "first_case",  # whether the first words agree in having a capital
    "last_case",  # the same of the last words
    "capital_before",  # the word before the range has a capital and no link
    "capital_after",  # the same of the word after it
    "single",  # the entity has one word
    "length",  # log of the entity's length in words
    "source_log_odds",  # of the source span's confidence; of 0.99 for given labels
    "doubt_times_coverage",  # source log odds times coverage
)


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
    s_capital, t_capital = source.flags(capital), target.flags(capital)
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

    home = np.repeat(np.arange(len(batch)), np.diff(batch.entity_offsets)).tolist()
    rows = zip(home, batch.entities.tolist(), strict=True)
    names = [" ".join(source.texts[b][first:last]) for b, (first, last, _) in rows]
    pair, entity, start, end = (column.tolist() for column in ranges)
    ours = [names[x] for x in entity]
    theirs = [" ".join(target.texts[b][i:j]) for b, i, j in zip(pair, start, end, strict=True)]
    one_each = np.arange(len(ours) + 1, dtype=np.int64)
    similar = lexical_similarity(ours, one_each, theirs, one_each).astype(np.float64)
    lengths = [np.array([len(text) for text in side], float) for side in (theirs, ours)]
    return similar, np.log(np.maximum(lengths[0], 1) / np.maximum(lengths[1], 1))
