"""Candidates of each entity and what speaks for and against them, as one matrix for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanport.ports import Float32, Int32, Int64
from spanport.stages.batch import Job, PairBatch, offsets_of
from spanport.stages.label import group_tags

Float64 = npt.NDArray[np.float64]

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
    "is_PER",
    "is_ORG",
    "is_LOC",
    "is_MISC",
)
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


class Evidence(NamedTuple):
    """Candidates sorted by pair, entity, start, end.

    pair, entity (row of the batch's entities), start, end: int64 (C,); matrix: float64 (C, features).
    """

    pair: Int64
    entity: Int64
    start: Int64
    end: Int64
    matrix: Float64


class Words(NamedTuple):
    """Flags of the words of one side, flat; offsets: int64 (B + 1,)."""

    offsets: Int64
    capital: npt.NDArray[np.bool_]
    texts: list[list[str]]


def gather(batch: PairBatch, max_length: int, tags: Sequence[str] | None) -> Evidence:
    """Candidates and evidence of a batch.

    max_length: longest candidate in words; tags: names of the columns of the jobs' probabilities, None to leave the
    classifier's view out (its candidates and its columns).
    """
    seen = [_read(job, tags) for job in batch.jobs] if tags is not None else None
    pair, entity, start, end = _candidates(batch, max_length, seen)
    source = _words(batch.jobs, "source")
    target = _words(batch.jobs, "target")
    columns = _link_columns(batch, pair, entity, start, end, source, target)
    if tags is not None and seen is not None:
        columns |= _view_columns(batch, pair, entity, start, end, target, tags, seen)
        columns["inside_times_coverage"] = columns["inside"] * columns["coverage"]
        columns["same_times_coverage"] = columns["same"] * columns["coverage"]
    names = LINK_EVIDENCE + (VIEW_EVIDENCE if tags is not None else ())
    matrix = np.stack([columns[name] for name in names], axis=1).astype(np.float64)
    return Evidence(pair, entity, start, end, matrix)


def _read(job: Job, tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entities that the classifier reads on the target, in words."""
    if job.probabilities is None or not len(job.probabilities):
        return []
    return group_tags([tags[i] for i in job.probabilities.argmax(axis=1).tolist()])


def _words(jobs: Sequence[Job], side: str) -> Words:
    texts = [getattr(job, side).word_texts() for job in jobs]
    capital = np.array([word[:1].isupper() for row in texts for word in row], np.bool_)
    return Words(offsets_of([len(row) for row in texts]), capital, texts)


def _candidates(
    batch: PairBatch, max_length: int, seen: Sequence[Sequence[tuple[int, int, str]]] | None
) -> tuple[Int64, Int64, Int64, Int64]:
    """Ranges whose ends are linked to the entity, ranges with its very words, and spans the classifier reads."""
    from spanport_kernels.ngram import Problem, ngram_ranges

    stop = np.zeros(int(batch.target_lengths.sum()), np.bool_)
    problem = Problem(
        batch.entities, batch.entity_offsets, batch.edges, batch.edge_offsets, batch.target_lengths, stop
    )
    found = ngram_ranges(np.arange(len(batch)), problem, max_length=max_length, score="covered")
    first = np.repeat(batch.entity_offsets[:-1], np.diff(found.offsets))
    linked = np.stack([first + found.entity, found.start, found.end], axis=1)
    further = []
    for b, job in enumerate(batch.jobs):
        words = job.target.word_texts()
        source = job.source.word_texts()
        for x in range(int(batch.entity_offsets[b]), int(batch.entity_offsets[b + 1])):
            begin, stop_at, _ = batch.entities[x].tolist()
            further += [(x, i, i + stop_at - begin) for i in _occurrences(source[begin:stop_at], words)]
            further += [(x, i, j) for i, j, _ in (seen[b] if seen else ()) if j - i <= max_length]
    rows = np.concatenate([linked, np.array(further, np.int64).reshape(-1, 3)]).astype(np.int64)
    rows = np.unique(rows, axis=0)
    pair = np.searchsorted(batch.entity_offsets, rows[:, 0], side="right") - 1
    return pair, rows[:, 0], rows[:, 1], rows[:, 2]


def _occurrences(phrase: list[str], words: list[str]) -> list[int]:
    if phrase[0] not in words:
        return []
    n = len(phrase)
    return [i for i in range(len(words) - n + 1) if words[i] == phrase[0] and words[i : i + n] == phrase]


def _spread(counts: npt.NDArray[Any]) -> tuple[Int64, Int64]:
    """For items repeated ``counts`` times: the item, and the number of the repetition."""
    item = np.repeat(np.arange(counts.size), counts)
    return item, np.arange(item.size) - (np.cumsum(counts) - counts)[item]


def _sums(values: npt.NDArray[Any]) -> Float64:
    """Running sums with a leading 0, so that a range sums to a difference of two."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def _link_columns(
    batch: PairBatch, pair: Int64, entity: Int64, start: Int64, end: Int64, source: Words, target: Words
) -> dict[str, Float64]:
    rows = batch.entities[entity].astype(np.int64)
    n_source, n_target = (rows[:, 1] - rows[:, 0]).astype(float), (end - start).astype(float)
    low, high = target.offsets[pair] + start, target.offsets[pair] + end

    own, own_offsets, entity_links = _links_of_entities(batch, target.offsets)
    candidate, at = _spread(np.diff(own_offsets)[entity])
    at = own[own_offsets[entity[candidate]] + at]
    links = batch.edges[at].astype(np.int64)
    inside = (links[:, 1] >= start[candidate]) & (links[:, 1] < end[candidate])
    kept, links = candidate[inside], links[inside]
    size = len(entity)
    pairs = np.bincount(kept, minlength=size).astype(float)
    covered = [_distinct(kept, links[:, side], size) for side in (0, 1)]
    total = np.diff(own_offsets)[entity].astype(float)

    word_links = np.bincount(_flat_targets(batch, target.offsets), minlength=int(target.offsets[-1]))
    all_links, from_entities, bare = _sums(word_links), _sums(entity_links), _sums(word_links == 0)
    coverage = (covered[0] + covered[1]) / (n_source + n_target)
    best = np.zeros(len(batch.entities))
    np.maximum.at(best, entity, coverage)
    ties = np.bincount(entity, coverage >= best[entity] - 1e-9, minlength=len(best))
    scores = np.array([0.99 if span.score is None else span.score for span in batch.entity_spans])[entity]
    odds = np.clip(scores, 0.01, 0.999)
    log_odds = np.log(odds / (1 - odds))
    ratio = np.log(n_target / n_source)
    similar, lengths = _strings(batch, pair, entity, start, end, source, target)
    loose = target.capital & (word_links == 0)
    capital = np.concatenate([loose, [False]])
    s_first, s_last = source.offsets[pair] + rows[:, 0], source.offsets[pair] + rows[:, 1] - 1
    names = np.array(batch.labels)[rows[:, 2]] if len(entity) else np.empty(0, dtype=str)
    return {
        "coverage": coverage,
        "source_covered": covered[0] / n_source,
        "target_covered": covered[1] / n_target,
        "whole": covered[0] == n_source,
        "scattered": 1 - pairs / np.maximum(total, 1),
        "foreign": np.minimum((all_links[high] - all_links[low] - pairs) / n_target, 2),
        "contested": np.minimum((from_entities[high] - from_entities[low] - pairs) / n_target, 2),
        "unlinked": (bare[high] - bare[low]) / n_target,
        "behind": best[entity] - coverage,
        "rivals": np.log(np.maximum(ties[entity], 1)),
        "longer": np.maximum(ratio, 0),
        "shorter": np.maximum(-ratio, 0),
        "characters": np.abs(lengths),
        "similar": similar,
        "identical": similar >= 1,
        "first_case": source.capital[s_first] == target.capital[low],
        "last_case": source.capital[s_last] == target.capital[high - 1],
        "capital_before": capital[low - 1] & (start > 0),
        "capital_after": capital[high] & (high < target.offsets[pair + 1]),
        "single": n_source == 1,
        "length": np.log(n_source),
        "source_log_odds": log_odds,
        "doubt_times_coverage": log_odds * coverage,
        **{f"is_{label}": names == label for label in ("PER", "ORG", "LOC", "MISC")},
    }


def _flat_targets(batch: PairBatch, offsets: Int64) -> Int64:
    """The flat number of each link's target word."""
    return np.repeat(offsets[:-1], np.diff(batch.edge_offsets)) + batch.edges[:, 1].astype(np.int64)


def _links_of_entities(batch: PairBatch, offsets: Int64) -> tuple[Int64, Int64, Int64]:
    """Rows of the links of each entity, where each entity's start, and links from any entity per target word."""
    pair = np.repeat(np.arange(len(batch)), np.diff(batch.entity_offsets))
    entity, at = _spread(np.diff(batch.edge_offsets)[pair])
    at = batch.edge_offsets[pair[entity]] + at
    word = batch.edges[at, 0]
    inside = (word >= batch.entities[entity, 0]) & (word < batch.entities[entity, 1])
    entity, at = entity[inside], at[inside]
    counts = np.bincount(entity, minlength=len(batch.entities))
    per_word = np.bincount(_flat_targets(batch, offsets)[at], minlength=int(offsets[-1]))
    return at, offsets_of(counts.tolist()), per_word


def _distinct(group: Int64, value: Int64, groups: int) -> Float64:
    """Distinct values in each group, float64 (groups,)."""
    base = int(value.max(initial=0)) + 1
    keys = np.unique(group * base + value)
    return np.bincount(keys // base, minlength=groups).astype(float)


def _strings(
    batch: PairBatch, pair: Int64, entity: Int64, start: Int64, end: Int64, source: Words, target: Words
) -> tuple[Float64, Float64]:
    """String similarity of candidate and entity, and the log of their ratio in characters."""
    from spanport_kernels.lexical import lexical_similarity

    ours, theirs = [], []
    for b, x, i, j in zip(pair.tolist(), entity.tolist(), start.tolist(), end.tolist(), strict=True):
        first, last, _ = batch.entities[x].tolist()
        ours.append(" ".join(source.texts[b][first:last]))
        theirs.append(" ".join(target.texts[b][i:j]))
    one_each = np.arange(len(ours) + 1, dtype=np.int64)
    similar = lexical_similarity(ours, one_each, theirs, one_each).astype(np.float64)
    lengths = [np.array([len(text) for text in side], float) for side in (theirs, ours)]
    return similar, np.log(np.maximum(lengths[0], 1) / np.maximum(lengths[1], 1))


def _view_columns(
    batch: PairBatch,
    pair: Int64,
    entity: Int64,
    start: Int64,
    end: Int64,
    target: Words,
    tags: Sequence[str],
    seen: Sequence[Sequence[tuple[int, int, str]]],
) -> dict[str, Float64]:
    begins, inner = _by_label(batch, tags, target)
    label = batch.entities[entity, 2]
    low, high = target.offsets[pair] + start, target.offsets[pair] + end
    n = (end - start).astype(float)
    either = begins + inner
    item, at = _spread(end - start)
    inside = np.bincount(item, either[low[item] + at, label[item]], minlength=len(n)) / n
    weakest = np.ones(len(n))
    np.minimum.at(weakest, item, either[low[item] + at, label[item]])
    outside = tags.index("O") if "O" in tags else 0
    view = [job.probabilities for job in batch.jobs if job.probabilities is not None and len(job.probabilities)]
    free = _sums(1 - np.concatenate(view)[:, outside]) if view else np.zeros(1)
    same, same_words, cut = _agreement(batch, pair, start, end, label, seen)
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


def _agreement(
    batch: PairBatch,
    pair: Int64,
    start: Int64,
    end: Int64,
    label: Int32,
    seen: Sequence[Sequence[tuple[int, int, str]]],
) -> Float64:
    """Whether the classifier reads this span: with the label, with another, or with other bounds; (3, C)."""
    out = np.zeros((3, len(start)))
    rows = zip(pair.tolist(), start.tolist(), end.tolist(), label.tolist(), strict=True)
    for c, (b, i, j, k) in enumerate(rows):
        for first, last, name in seen[b]:
            if (first, last) == (i, j):
                out[0 if name == batch.labels[k] else 1, c] = 1
            elif first < j and i < last:
                out[2, c] = 1
    return out
