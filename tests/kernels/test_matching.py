"""Greedy and exact matching against their slow twins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import matching as naive
from spanport_kernels import matching
from spanport_kernels.matching import Matching, Ranges, match_exact, match_greedy

Instance = tuple[np.ndarray, list[tuple[int, int]], int]
"""Scores ``(K, C)``, the C candidates sorted by start and end, and the number of target words."""


def random_instance(rng: np.random.Generator, entities: int = 8, words: int = 12) -> Instance:
    """Up to 8 entities and 12 words; n-gram or arbitrary candidates; few distinct scores, so ties are common."""
    k, n = int(rng.integers(0, entities + 1)), int(rng.integers(1, words + 1))
    candidates = naive.ngram_candidates(n, set(), int(rng.integers(0, 5)))
    if rng.random() < 0.5:
        candidates = [c for c in candidates if rng.random() < 0.4]
    levels = int(rng.choice([3, 10, 1000]))
    scores = rng.integers(0, levels, (k, len(candidates))) / levels
    scores[rng.random(scores.shape) < rng.choice([0.0, 0.5, 0.9])] = 0.0
    return scores, candidates, n


def as_batch(instances: list[Instance]) -> tuple[np.ndarray, np.ndarray, Ranges, np.ndarray]:
    """Entities, their offsets, the positive scores as ranges, and target lengths; labels are 10 + entity."""
    rows = [
        [(e, *candidates[c], scores[e, c]) for e, c in np.argwhere(scores > 0).tolist()]
        for scores, candidates, _ in instances
    ]
    flat = np.array([row for sentence in rows for row in sentence], np.float64).reshape(-1, 4)
    ranges = Ranges(
        *(flat[:, i].astype(np.int32) for i in range(3)), flat[:, 3].copy(), offsets_of([len(r) for r in rows])
    )
    counts = [scores.shape[0] for scores, _, _ in instances]
    entities = np.array([(e, e + 1, 10 + e) for k in counts for e in range(k)], np.int32).reshape(-1, 3)
    lengths = np.array([n for _, _, n in instances], np.int32)
    return entities, offsets_of(counts), ranges, lengths


def offsets_of(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def spans_of(matching_: Matching, sentence: int) -> list[tuple[int, int, int]]:
    """Entity, start, end of each span of a sentence."""
    rows = matching_.spans[matching_.offsets[sentence] : matching_.offsets[sentence + 1]].tolist()
    return [(entity, start, end) for start, end, _, entity in rows]


def value_of(matching_: Matching, sentence: int) -> float:
    return float(matching_.scores[matching_.offsets[sentence] : matching_.offsets[sentence + 1]].sum())


def check_valid(matching_: Matching, instances: list[Instance]) -> None:
    """Spans are candidates with their scores, do not overlap, and carry their entity's label."""
    for b, (scores, candidates, _) in enumerate(instances):
        spans = spans_of(matching_, b)
        assert spans == sorted(spans)
        for x, (entity, start, end) in enumerate(spans):
            p = int(matching_.offsets[b]) + x
            assert matching_.scores[p] == scores[entity, candidates.index((start, end))]
            assert matching_.spans[p, 2] == 10 + entity
            assert not any(naive.overlap((start, end), other[1:]) for other in spans[:x])


def check_exact(instances: list[Instance]) -> None:
    found = match_exact(*as_batch(instances))
    check_valid(found, instances)
    for b, (scores, candidates, n) in enumerate(instances):
        assert found.status[b] == matching.OPTIMAL
        assert value_of(found, b) == pytest.approx(naive.best_by_subsets(scores, candidates, n), abs=1e-8)
        entities = [entity for entity, _, _ in spans_of(found, b)]
        assert len(entities) == len(set(entities))


def test_the_two_twins_agree_on_tiny_instances() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        scores, candidates, n = random_instance(rng, 3, 5)
        assert naive.best_value(scores, candidates) == pytest.approx(naive.best_by_subsets(scores, candidates, n))


def test_exact_equals_the_twin() -> None:
    rng = np.random.default_rng(2)
    check_exact([random_instance(rng) for _ in range(500)])


@pytest.mark.slow
def test_exact_equals_the_twin_on_ten_thousand_instances() -> None:
    rng = np.random.default_rng(3)
    check_exact([random_instance(rng) for _ in range(10_000)])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["<=", "=", ">=", "<", ">"]), st.integers(0, 3))
def test_greedy_equals_the_twin(seed: int, relation: matching.Relation, count: int) -> None:
    count += relation == "<"
    rng = np.random.default_rng(seed)
    instances = [random_instance(rng, 5, 9) for _ in range(5)]
    entities, offsets, ranges, lengths = as_batch(instances)
    found = match_greedy(entities, offsets, ranges, lengths, relation=relation, count=count)
    check_valid(found, instances)
    least, _ = matching.count_bounds(relation, count)
    for b, (scores, candidates, _) in enumerate(instances):
        expected = naive.greedy(scores, candidates, relation, count)
        assert spans_of(found, b) == sorted((e, *candidates[c]) for e, c in expected)
        taken = np.bincount([e for e, _ in expected], minlength=scores.shape[0])
        assert (found.status[b] == matching.UNMET) == bool((taken < least)[(scores > 0).any(axis=1)].any())


def test_greedy_says_optimal_only_where_it_is() -> None:
    rng = np.random.default_rng(4)
    instances = [random_instance(rng, 4, 8) for _ in range(200)]
    found = match_greedy(*as_batch(instances))
    proved = found.status == matching.OPTIMAL
    assert 0 < proved.sum() < 200
    for b in np.flatnonzero(proved):
        assert value_of(found, b) == pytest.approx(naive.best_by_subsets(*instances[b]))


def test_exact_beats_greedy() -> None:
    scores = np.array([[0.2, 0.0, 0.3], [0.0, 0.2, 0.0]])
    batch = as_batch([(scores, [(0, 1), (1, 2), (0, 2)], 2)])
    assert value_of(match_greedy(*batch), 0) == pytest.approx(0.3)
    assert value_of(match_exact(*batch), 0) == pytest.approx(0.4)


def test_a_count_that_no_number_meets_is_refused() -> None:
    with pytest.raises(ValueError, match="< 0"):
        match_greedy(*as_batch([]), relation="<", count=0)


@pytest.mark.parametrize("caps", [{"bits_cap": 0}, {"work_cap": 0}])
def test_what_exceeds_a_cap_is_handed_over_with_the_greedy_answer(caps: dict[str, int]) -> None:
    scores = np.array([[0.3, 0.0, 0.1], [0.0, 0.25, 0.0]])
    easy = (np.array([[0.5]]), [(0, 1)], 1)
    batch = as_batch([easy, (scores, [(0, 2), (1, 3), (3, 4)], 4), easy])
    assert match_exact(*batch).scores.tolist() == [0.5, 0.1, 0.25, 0.5]
    found = match_exact(*batch, **caps)
    assert found.status.tolist() == [matching.OPTIMAL, matching.HANDED_OVER, matching.OPTIMAL]
    assert found.offsets.tolist() == match_greedy(*batch).offsets.tolist()


@pytest.mark.parametrize("match", [match_greedy, match_exact])
def test_empty_batches_and_sentences(match: Callable[..., Matching]) -> None:
    assert match(*as_batch([])).offsets.tolist() == [0]
    nothing: Instance = (np.zeros((0, 0)), [], 0)
    found = match(*as_batch([nothing, (np.zeros((2, 0)), [], 3), nothing]))
    assert found.offsets.tolist() == [0, 0, 0, 0]
    assert found.status.tolist() == [matching.OPTIMAL] * 3


def test_splice_replaces_sentences_in_order() -> None:
    rng = np.random.default_rng(5)
    instances = [random_instance(rng, 4, 8) for _ in range(30)]
    some = np.array([0, 3, 4, 29])
    whole = match_greedy(*as_batch(instances))
    part = match_exact(*as_batch([instances[b] for b in some]))
    spliced = matching.splice(whole, some, part)
    for b in range(30):
        source, at = (part, int(np.searchsorted(some, b))) if b in some else (whole, b)
        assert spans_of(spliced, b) == spans_of(source, at)
        assert value_of(spliced, b) == value_of(source, at)
        assert spliced.status[b] == source.status[at]
