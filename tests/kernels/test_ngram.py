"""The fused n-gram projection against enumerating every n-gram, and on real sentences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import matching as naive
from spanport_kernels import matching, plain
from spanport_kernels.ngram import ngram_ranges, problem, project_ngram
from spanport_kernels.ragged import offsets_of

Sentence = tuple[list[tuple[int, int, int]], list[tuple[int, int]], int, set[int]]
"""Entities (start, end, label), links, target length, stop words."""


def random_sentence(rng: np.random.Generator, entities: int = 5, words: int = 9) -> Sentence:
    """Noisy many-to-many links with repeats, entities that may overlap, stop words now and then."""
    n = int(rng.integers(1, words + 1))
    spans = [
        (int(s), int(s + rng.integers(1, 4)), int(rng.integers(0, 4)))
        for s in rng.integers(0, words, int(rng.integers(0, entities + 1)))
    ]
    links = [
        (int(rng.integers(0, words + 2)), int(rng.integers(0, n))) for _ in range(int(rng.integers(0, 3 * words)))
    ]
    return spans, links, n, {t for t in range(n) if rng.random() < rng.choice([0.0, 0.2])}


def as_batch(sentences: list[Sentence]) -> tuple[np.ndarray, ...]:
    return (
        np.array([e for entities, *_ in sentences for e in entities], np.int32).reshape(-1, 3),
        offsets_of([len(entities) for entities, *_ in sentences]),
        np.array([link for _, links, *_ in sentences for link in links], np.int32).reshape(-1, 2),
        offsets_of([len(links) for _, links, *_ in sentences]),
        np.array([n for _, _, n, _ in sentences], np.int32),
        np.array([t in stops for *_, n, stops in sentences for t in range(n)], np.bool_),
    )


def dense(sentence: Sentence, max_length: int, kind: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Scores of every entity with every n-gram candidate."""
    entities, links, n, stops = sentence
    candidates = naive.ngram_candidates(n, stops, max_length)
    scores = [[naive.align_score(e[:2], c, links, kind) for c in candidates] for e in entities]
    return np.array(scores).reshape(len(entities), len(candidates)), candidates


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["pairs", "covered"]), st.integers(0, 5))
def test_projection_equals_full_enumeration(seed: int, kind: str, max_length: int) -> None:
    rng = np.random.default_rng(seed)
    sentences = [random_sentence(rng) for _ in range(4)]
    batch = as_batch(sentences)
    options = {"max_length": max_length, "score": kind}
    greedy = project_ngram(*batch, solver="greedy", **options)
    exact = project_ngram(*batch, solver="exact", **options)
    for b, sentence in enumerate(sentences):
        scores, candidates = dense(sentence, max_length, kind)
        expected = naive.greedy(scores, candidates)
        rows = greedy.spans[greedy.offsets[b] : greedy.offsets[b + 1]].tolist()
        assert rows == [[*candidates[c], sentence[0][e][2], e] for e, c in expected]
        found = slice(exact.offsets[b], exact.offsets[b + 1])
        best = naive.best_by_subsets(scores, candidates, sentence[2])
        assert exact.scores[found].sum() == pytest.approx(best, abs=1e-8)
        assert exact.status[b] == matching.OPTIMAL
        spans = exact.spans[found].tolist()
        for x, (start, end, label, e) in enumerate(spans):
            assert exact.scores[found][x] == scores[e, candidates.index((start, end))]
            assert label == sentence[0][e][2]
            assert not any(naive.overlap((start, end), (a, z)) for a, z, *_ in spans[:x])


def nearly_monotone(rng: np.random.Generator) -> Sentence:
    """Links to the next words, some twice, missing or elsewhere; positions that are equal modulo 64 among them."""
    m, shift = int(rng.integers(1, 12)), int(rng.integers(0, 70))
    cuts = np.unique(rng.integers(0, m + 1, 5)).tolist()
    spans = [(s, e, int(rng.integers(0, 4))) for s, e in pairwise(cuts) if rng.random() < 0.8]
    moves = rng.choice([0, -1, 1, 64], m, p=[0.6, 0.1, 0.1, 0.2])
    links = [(i, max(0, i + shift + int(move))) for i, move in enumerate(moves) if rng.random() < 0.9]
    links += [(i, i + shift) for i in range(m) if rng.random() < 0.1]
    links = [links[x] for x in rng.permutation(len(links))]
    return spans, links, m + shift + 65, set(np.flatnonzero(rng.random(m + shift + 65) < 0.03).tolist())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["pairs", "covered"]), st.sampled_from([1, 2, 10]))
def test_best_candidates_that_are_read_off_equal_full_enumeration(seed: int, kind: str, max_length: int) -> None:
    rng = np.random.default_rng(seed)
    sentences = [nearly_monotone(rng) for _ in range(3)]
    found = project_ngram(*as_batch(sentences), solver="greedy", max_length=max_length, score=kind)
    for b, sentence in enumerate(sentences):
        scores, candidates = dense(sentence, max_length, kind)
        rows = found.spans[found.offsets[b] : found.offsets[b + 1]].tolist()
        assert rows == [[*candidates[c], sentence[0][e][2], e] for e, c in naive.greedy(scores, candidates)]


@pytest.mark.parametrize("first", [0, plain.MOST_WORDS - 1, plain.MOST_WORDS, 5000])
def test_long_sentences(first: int) -> None:
    count = plain.MOST_ENTITIES + 1
    spans = [(first + e, first + e + 1, e) for e in range(count)]
    links = [(first + e, first + e) for e in range(count)]
    long: Sentence = (spans, links, first + count, set())
    found = project_ngram(*as_batch([(spans[:2], links, first + count, set()), long]))
    assert found.spans[:, [0, 2]].tolist() == [[first + e, e] for e in [0, 1, *range(count)]]
    assert found.scores.tolist() == [1.0] * (2 + count)


def test_trimming_keeps_the_enumerated_candidates_few_and_scored() -> None:
    sentence: Sentence = ([(0, 2, 7)], [(0, 1), (1, 4), (1, 4)], 6, set())
    ranges = ngram_ranges(np.array([0]), problem(*as_batch([sentence])))
    assert list(zip(ranges.start.tolist(), ranges.end.tolist(), strict=True)) == [(1, 2), (1, 5), (4, 5)]
    assert ranges.score.tolist() == [2 / 3, 4 / 6, 2 / 3]


def test_stop_words_split_the_target() -> None:
    sentence: Sentence = ([(0, 2, 0)], [(0, 0), (1, 2), (1, 1)], 3, {1})
    assert project_ngram(*as_batch([sentence])).spans.tolist() == [[0, 1, 0, 0]]


def test_hard_sentences_past_the_caps_are_handed_over() -> None:
    easy: Sentence = ([(0, 1, 3)], [(0, 0)], 2, set())
    tangle = ([(e, e + 3, e) for e in range(4)], [(s, t) for s in range(7) for t in range(7)], 7, set())
    found = project_ngram(*as_batch([easy, tangle, easy]), bits_cap=1)
    assert found.status.tolist() == [matching.OPTIMAL, matching.HANDED_OVER, matching.OPTIMAL]
    greedy = project_ngram(*as_batch([easy, tangle, easy]), solver="greedy")
    assert found.spans.tolist() == greedy.spans.tolist()


def test_links_past_the_target_are_refused() -> None:
    bad: Sentence = ([(0, 1, 0)], [(0, 2)], 2, set())
    with pytest.raises(ValueError, match=r"sentence 1: .* outside 0..1"):
        project_ngram(*as_batch([([], [], 1, set()), bad]))
    entities, offsets, edges, edge_offsets, lengths, _ = as_batch([bad])
    with pytest.raises(ValueError, match="target_lengths gives 1 sentences of 2 words"):
        project_ngram(entities, offsets, edges, edge_offsets, lengths, np.zeros(3, np.bool_))


def test_empty_entities_are_refused() -> None:
    empty: Sentence = ([(1, 1, 0)], [(0, 0)], 1, set())
    with pytest.raises(ValueError, match=r"entity 0 is \[1, 1\)"):
        project_ngram(*as_batch([empty]))


def test_empty_batch() -> None:
    assert project_ngram(*as_batch([])).offsets.tolist() == [0]
