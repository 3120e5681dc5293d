"""The general matching problem, and exact kernels against CP-SAT."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from naive import matching as naive
from spanport.matching import choices
from spanport.matching import solve as stage
from spanport_kernels import matching, ngram
from spanport_kernels.matching import Matching, Ranges, Relation
from spanport_kernels.ragged import offsets_of

Instance = tuple[np.ndarray, list[tuple[int, int]], int]


def random_instance(rng: np.random.Generator, entities: int, words: int) -> Instance:
    k, n = int(rng.integers(1, entities + 1)), int(rng.integers(1, words + 1))
    candidates = [c for c in naive.ngram_candidates(n, set(), 3) if rng.random() < 0.7]
    scores = rng.integers(0, 5, (k, len(candidates))) / 4
    return scores, candidates, n


def as_batch(instances: list[Instance]) -> tuple[np.ndarray, np.ndarray, Ranges, np.ndarray]:
    rows = [
        [(e, *candidates[c], scores[e, c]) for e, c in np.argwhere(scores > 0).tolist()]
        for scores, candidates, _ in instances
    ]
    flat = np.array([row for sentence in rows for row in sentence], np.float64).reshape(-1, 4)
    entity, start, end = (flat[:, i].astype(np.int32) for i in range(3))
    counts = [scores.shape[0] for scores, _, _ in instances]
    entities = np.array([(e, e + 1, 10 + e) for k in counts for e in range(k)], np.int32).reshape(-1, 3)
    lengths = np.array([n for _, _, n in instances], np.int32)
    ranges = Ranges(entity, start, end, flat[:, 3].copy(), offsets_of([len(r) for r in rows]))
    return entities, offsets_of(counts), ranges, lengths


def reduced(scores: np.ndarray, candidates: list[tuple[int, int]]) -> Instance:
    """Without entities and candidates that have no score, as the problem is posed."""
    scored = scores[(scores > 0).any(axis=1)][:, (scores > 0).any(axis=0)]
    return scored, [c for c, column in zip(candidates, scores.T, strict=True) if (column > 0).any()], 0


def total(found: Matching, sentence: int) -> float:
    return float(found.scores[found.offsets[sentence] : found.offsets[sentence + 1]].sum())


def by_cp_sat(batch: tuple[np.ndarray, np.ndarray, Ranges, np.ndarray]) -> Matching:
    """CP-SAT alone, whatever the kernel could do."""
    return stage._by_cp_sat(*batch, "<=", 1, 60.0)


@pytest.mark.parametrize(
    ("relation", "count"), [("<=", 1), ("<=", 2), ("=", 1), ("=", 2), (">=", 0), (">=", 1), ("<", 3), (">", 1)]
)
def test_every_relation_equals_the_twin(relation: Relation, count: int) -> None:
    rng = np.random.default_rng(count)
    instances = [random_instance(rng, 3, 5) for _ in range(25)]
    found = stage.solve(*as_batch(instances), relation=relation, count=count)
    infeasible = 0
    for b, (scores, candidates, _) in enumerate(instances):
        small, kept, _ = reduced(scores, candidates)
        best = naive.best_value(small, kept, relation, count)
        rows = found.spans[found.offsets[b] : found.offsets[b + 1]].tolist()
        assert not any(naive.overlap(x[:2], y[:2]) for x, y in itertools.combinations(rows, 2))
        assert all(label == 10 + entity for _, _, label, entity in rows)
        if best is None:
            infeasible += 1
            assert (found.status[b], rows) == (matching.INFEASIBLE, [])
        else:
            assert found.status[b] == matching.OPTIMAL
            assert total(found, b) == pytest.approx(best, abs=1e-6)
            least, most = matching.count_bounds(relation, count)
            taken = np.bincount([row[3] for row in rows], minlength=len(scores))[(scores > 0).any(axis=1)]
            assert all(least <= x <= most for x in taken)
    assert (infeasible > 0) == (relation in ("=", ">") or (relation == ">=" and count > 0))


def check_against_cp_sat(instances: list[Instance]) -> None:
    batch = as_batch(instances)
    exact, reference = matching.match_exact(*batch), by_cp_sat(batch)
    assert (reference.status == matching.OPTIMAL).all()
    assert (exact.status == matching.OPTIMAL).all()
    for b in range(len(instances)):
        assert total(exact, b) == pytest.approx(total(reference, b), abs=1e-7)


def test_the_exact_kernel_equals_cp_sat() -> None:
    rng = np.random.default_rng(7)
    check_against_cp_sat([random_instance(rng, 8, 12) for _ in range(150)])


def test_scores_that_differ_little_are_told_apart() -> None:
    rng = np.random.default_rng(10)
    instances = []
    for _ in range(60):
        scores, candidates, words = random_instance(rng, 6, 9)
        instances.append((np.where(scores > 0, 1 + rng.random(scores.shape) / 1000, 0.0), candidates, words))
    check_against_cp_sat(instances)


@pytest.mark.slow
def test_the_exact_kernel_equals_cp_sat_on_ten_thousand_instances() -> None:
    rng = np.random.default_rng(8)
    check_against_cp_sat([random_instance(rng, 8, 12) for _ in range(10_000)])


def test_greedy_is_passed_through() -> None:
    rng = np.random.default_rng(9)
    batch = as_batch([random_instance(rng, 4, 6) for _ in range(20)])
    found, expected = stage.solve(*batch, solver="greedy"), matching.match_greedy(*batch)
    assert found.spans.tolist() == expected.spans.tolist()


def tangle(entities: int, words: int, seed: int) -> ngram.Problem:
    """Every source word linked to about half of the target, entities of two words: everything overlaps."""
    rng = np.random.default_rng(seed)
    links = np.argwhere(rng.random((2 * entities, words)) < 0.5)
    rows = [(2 * e, 2 * e + 2, e) for e in range(entities)]
    return ngram.problem(rows, [0, entities], links, [0, len(links)], [words])


def test_what_the_kernel_hands_over_is_solved_and_in_place() -> None:
    easy = ngram.problem([(0, 1, 5)], [0, 1], [(0, 0)], [0, 1], [1])
    hard = tangle(14, 14, 1)
    both = ngram.problem(
        np.concatenate([easy.entities, hard.entities, easy.entities]), [0, 1, 15, 16],
        np.concatenate([easy.edges, hard.edges, easy.edges]), np.cumsum([0, 1, len(hard.edges), 1]), [1, 14, 1],
    )  # fmt: skip
    handed = ngram.project_ngram(*both)
    assert handed.status.tolist() == [matching.OPTIMAL, matching.HANDED_OVER, matching.OPTIMAL]
    found = stage.solve_ngram(both, time_limit=60.0)
    assert found.status.tolist() == [matching.OPTIMAL] * 3
    assert total(found, 1) >= total(handed, 1)
    assert found.spans[found.offsets[2] :].tolist() == [[0, 1, 5, 0]]
    ranges = ngram.ngram_ranges(np.array([1]), both)
    alone = stage.solve(hard.entities, hard.entity_offsets, ranges, hard.target_lengths, time_limit=60.0)
    assert total(alone, 0) == pytest.approx(total(found, 1), abs=1e-7)


def test_what_takes_too_long_is_called_feasible() -> None:
    found = stage.solve_ngram(tangle(18, 60, 2), time_limit=0.0)
    assert found.status.tolist() == [matching.FEASIBLE]
    assert len(found.spans) > 0


def test_a_lower_bound_that_a_cut_down_model_cannot_meet_is_called_unmet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Greedy takes the whole for one entity and leaves the other nothing; one choice of four is modelled."""
    batch = as_batch([(np.array([[0.5, 1.0], [0.0, 0.9]]), [(0, 1), (0, 2)], 2)])
    assert stage.solve(*batch, relation="=").status.tolist() == [matching.INFEASIBLE]
    monkeypatch.setattr(choices, "CELL_CAP", 1)
    found = stage.solve(*batch, relation="=", count=2)
    assert found.status.tolist() == [matching.UNMET]
    assert found.spans[:, :2].tolist() == [[0, 2]]


def test_caps_never_drop_the_known_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "CELL_CAP", 2)
    monkeypatch.setattr(choices, "GRID_CAP", 0)
    batch = tangle(14, 14, 1)
    found, greedy = stage.solve_ngram(batch), ngram.project_ngram(*batch)
    assert found.status.tolist() == [matching.FEASIBLE]
    assert found.scores.sum() >= greedy.scores.sum()


def test_caps_keep_short_choices_beside_long_ones() -> None:
    """Every word linked to every word: the longest choice scores most, 3.96; one for each entity scores 26 in all."""
    links = np.argwhere(np.ones((40, 200), np.bool_))
    batch = ngram.problem([(2 * e, 2 * e + 2, e) for e in range(20)], [0, 20], links, [0, len(links)], [200])
    ranges = ngram.ngram_ranges(np.array([0]), batch, max_length=0)
    kept = choices.small(choices.task_of(ranges, np.empty((0, 4), np.int32), True, 0, 1))
    lengths = kept.end - kept.start
    assert not kept.complete
    assert lengths.sum() <= choices.LITERAL_CAP
    assert lengths.min() < 10


def crowd(entities: int, words: int) -> ngram.Problem:
    """Every word linked to every word: by ``pairs`` longer ranges score more, and all entities want all words."""
    links = np.argwhere(np.ones((4 * entities, words), np.bool_))
    rows = [(4 * e, 4 * e + 1 + e % 4, e) for e in range(entities)]
    return ngram.problem(rows, [0, entities], links, [0, len(links)], [words])


def test_in_a_crowd_every_entity_gets_a_span() -> None:
    """Greedy gives all words to one; sixty entities of which each takes a word score ten times as much."""
    batch = crowd(60, 240)
    found, greedy = stage.solve_ngram(batch, max_length=0), ngram.project_ngram(*batch, max_length=0, solver="greedy")
    one_each = sum(2 * n / (n + 1) for n in (1, 2, 3, 4)) * 15
    assert greedy.scores.sum() < 8
    assert found.scores.sum() > one_each
    assert found.status.tolist() == [matching.FEASIBLE]


def test_what_is_modelled_of_a_crowd_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "ENTITY_CAP", 50)
    batch = crowd(12, 60)
    ranges = ngram.ngram_ranges(np.array([0]), batch, max_length=0)
    for least in (0, 1):
        task = choices.task_of(ranges, np.empty((0, 4), np.int32), True, least, 1)
        assert not task.complete
        assert task.score.size <= (12 * 50 if not least else 12 * 12 * 50)
    monkeypatch.setattr(choices, "CHOICES_CAP", 700)
    assert choices.task_of(ranges, np.empty((0, 4), np.int32), True, 1, 1).score.size == 12 * 50


def test_a_two_phase_start_is_at_least_half_the_best() -> None:
    rng = np.random.default_rng(5)
    better = 0
    for _ in range(60):
        instance = random_instance(rng, 6, 10)
        ranges = as_batch([instance])[2]
        task = choices.task_of(ranges, np.empty((0, 4), np.int32), True, 0, 1)
        start = choices.better_start(task)
        chosen = task.only(start.known, complete=True)
        rows = list(zip(chosen.start.tolist(), chosen.end.tolist(), strict=True))
        assert not any(naive.overlap(x, y) for x, y in itertools.combinations(rows, 2))
        assert len(set(chosen.entity.tolist())) == len(rows)
        best = naive.best_value(*reduced(*instance[:2])[:2], "<=", 1)
        assert chosen.score.sum() >= best / 2
        better += chosen.score.sum() == pytest.approx(best)
    assert better > 20
