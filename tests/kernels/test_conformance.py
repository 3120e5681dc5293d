"""Real parallel sentences with three aligners: published agreement, and exact matching against CP-SAT."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from naive import matching as naive
from spanport_kernels import label_codes, matching, parse, pharaoh
from spanport_kernels.align_score import align_scores
from spanport_kernels.candidates import ngram_candidates
from spanport_kernels.matching import Ranges
from spanport_kernels.ngram import Problem, problem, project_ngram
from spanport_kernels.ragged import offsets_of
from spanport_kernels.scores import to_ranges

pytestmark = pytest.mark.data
DATA = Path(os.environ.get("SPANPORT_DATA", ""), "conll-parallel")
ALIGNERS = ("awesome", "simalign-itermax", "fast_align-gdfa")


@pytest.fixture(autouse=True)
def _data() -> None:
    if not os.environ.get("SPANPORT_DATA") or not DATA.is_dir():
        pytest.skip(f"needs conll-parallel in the folder named by SPANPORT_DATA; {DATA} is not there")


def entities_of(path: Path, types: label_codes.LabelTypes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Entities, their offsets, sentence lengths, and which words are ``!`` or ``?``."""
    buffer = np.fromfile(path, np.uint8)
    parsed = parse.parse_conll(buffer)
    spans, offsets = label_codes.spans_of_codes(types.codes(buffer, parsed), parsed)
    assert not parsed.flags.any()
    first = buffer[parsed.words[:, 0]]
    stop = (parsed.words[:, 1] - parsed.words[:, 0] == 1) & ((first == ord("!")) | (first == ord("?")))
    return spans, offsets, np.diff(parsed.offsets), stop


def load(pair: str, split: str, aligner: str, types: label_codes.LabelTypes) -> Problem:
    entities, offsets, _, _ = entities_of(DATA / "original" / f"en.{split}.tsv", types)
    _, _, lengths, stop = entities_of(DATA / pair / f"deepl.{split}.tsv", types)
    links = pharaoh.parse_pharaoh(np.fromfile(DATA / pair / f"{aligner}.{split}.pharaoh", np.uint8))
    assert not links.flags.any()
    # A few published links name a word past the target's end.
    sentence = np.repeat(np.arange(lengths.size), np.diff(links.offsets))
    inside = links.links[:, 1] < lengths[sentence]
    kept = np.bincount(sentence[inside], minlength=lengths.size)
    return problem(entities, offsets, links.links[inside], offsets_of(kept), lengths, stop)


def keyed(spans: np.ndarray, offsets: np.ndarray) -> set[tuple[int, ...]]:
    """Sentence, start, end, type."""
    sentence = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
    return set(zip(sentence.tolist(), *spans[:, :3].T.tolist(), strict=True))


@pytest.mark.parametrize("solver", ["greedy", "exact"])
def test_agreement_with_the_labels_of_easy_label_projection(solver: str) -> None:
    types = label_codes.LabelTypes()
    batch = load("en2es", "train", "awesome", types)
    found = project_ngram(*batch, score="pairs", solver=solver)
    ours = keyed(found.spans, found.offsets)
    spans, offsets, _, _ = entities_of(DATA / "en2es" / "deepl.train.tsv", types)
    theirs = keyed(spans, offsets)
    assert 0.965 <= 2 * len(ours & theirs) / (len(ours) + len(theirs)) <= 0.972


@pytest.mark.slow
def test_greedy_equals_the_twin_on_every_sentence() -> None:
    batch = load("en2es", "train", "awesome", label_codes.LabelTypes())
    found = project_ngram(*batch, score="pairs", solver="greedy")
    words = offsets_of(batch.target_lengths)
    for b in np.flatnonzero(np.diff(batch.entity_offsets)):
        entities = batch.entities[batch.entity_offsets[b] : batch.entity_offsets[b + 1]].tolist()
        links = [(i, j) for i, j in batch.edges[batch.edge_offsets[b] : batch.edge_offsets[b + 1]].tolist()]
        stop = set(np.flatnonzero(batch.stop[words[b] : words[b + 1]]).tolist())
        candidates = naive.ngram_candidates(int(batch.target_lengths[b]), stop, 10)
        scores = np.array([[naive.align_score(e[:2], c, links, "pairs") for c in candidates] for e in entities])
        expected = [[*candidates[c], entities[e][2], e] for e, c in naive.greedy(scores, candidates)]
        assert found.spans[found.offsets[b] : found.offsets[b + 1]].tolist() == expected


def reference(ranges: Ranges, lengths: np.ndarray) -> float:
    """The optimum of one sentence by CP-SAT, scores scaled by 2**30."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    choose = [model.new_bool_var("") for _ in range(ranges.score.size)]
    for of in (ranges.entity == e for e in np.unique(ranges.entity)):
        model.add_at_most_one([choose[c] for c in np.flatnonzero(of)])
    for word in range(int(lengths[0])):
        model.add_at_most_one([choose[c] for c in np.flatnonzero((ranges.start <= word) & (word < ranges.end))])
    weights = np.rint(ranges.score * 2**30).astype(np.int64)
    model.maximize(cp_model.LinearExpr.weighted_sum(choose, weights))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    assert solver.solve(model) == cp_model.OPTIMAL
    return solver.objective_value / 2**30


@pytest.mark.slow
@pytest.mark.parametrize("aligner", ALIGNERS)
@pytest.mark.parametrize("pair", ["en2es", "en2de", "en2it"])
@pytest.mark.parametrize("score", ["pairs", "covered"])
def test_exact_equals_cp_sat_on_every_sentence(pair: str, aligner: str, score: str) -> None:
    """All n-grams, untrimmed. Where every entity has its best candidate nothing is better; else CP-SAT decides."""
    checked = 0
    for split in ("train", "dev", "test"):
        batch = load(pair, split, aligner, label_codes.LabelTypes())
        found = project_ngram(*batch, score=score)
        assert (found.status == matching.OPTIMAL).all()
        candidates = ngram_candidates(batch.target_lengths, batch.stop)
        ranges = to_ranges(align_scores(*batch[:4], candidates, batch.target_lengths, score), candidates)
        best = np.zeros(len(batch.entities))
        owner = np.repeat(np.arange(found.status.size), np.diff(ranges.offsets))
        np.maximum.at(best, batch.entity_offsets[owner] + ranges.entity, ranges.score)
        for b in np.flatnonzero(np.diff(batch.entity_offsets)):
            own = found.scores[found.offsets[b] : found.offsets[b + 1]].sum()
            ceiling = best[batch.entity_offsets[b] : batch.entity_offsets[b + 1]].sum()
            if own < ceiling - 1e-9:
                expected = reference(matching.select_ranges(ranges, np.array([b])), batch.target_lengths[[b]])
                assert own == pytest.approx(expected, abs=1e-7)
                checked += 1
            else:
                assert own == pytest.approx(ceiling, abs=1e-9)
    assert checked > 0
