"""N-gram, NER and aligned-range candidates, and model transfer, against examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fakes import LABELS, FakeEncoder, FakeModels
from spanport.errors import UsageError
from spanport.matching import solve as solve_stage
from spanport.systems.base import make_system, run_system
from spanport.systems.tools import Tools
from spanport.types import Sentence, Span
from spanport.words import with_words
from spanport.work import Work

TOOLS = Tools(FakeModels(FakeEncoder()))


def job(source: str, target: str, links: list[tuple[int, int]], spans: str, tags: str = "") -> Work:
    """Spans as ``first:last:label`` in words; tags, one per target word, become probabilities of .9."""
    words = with_words(Sentence(source)).words
    found = []
    for span in spans.split():
        first, last, label = span.split(":")
        found.append(Span(words[int(first)][0], words[int(last) - 1][1], label))
    view = np.full((len(tags.split()), len(LABELS)), 0.0125, np.float32)
    for i, tag in enumerate(tags.split()):
        view[i, LABELS.index(tag)] = 0.9
    return Work(
        Sentence(source, "", words, tuple(found)),
        with_words(Sentence(target)),
        np.array(links, np.int32).reshape(-1, 2),
        view if tags else None,
    )


def project(name: str, one: Work, **options: object) -> list[tuple[int, int, str, float]]:
    (found,) = run_system(make_system(name, options, TOOLS), [one])
    ranges = found.labelled().word_spans()
    return [(*place, round(span.score, 4)) for place, span in zip(ranges, found.spans, strict=True)]


# "New Zealand" -> "la Nueva Zelanda": New-Nueva, Zealand-Zelanda and, wrongly, New-la.
NOISY = job("New Zealand won", "ganó la Nueva Zelanda", [(0, 1), (0, 2), (1, 3), (2, 0)], "0:2:LOC")


def test_pairs_and_covered_differ_where_links_are_many_to_many() -> None:
    # pairs: {la, Nueva, Zelanda} 2*3/(2+3) = 1.2 beats {Nueva, Zelanda} 2*2/4 = 1; the confidence is clipped to 1.
    assert project("ngram", NOISY, score="pairs") == [(1, 4, "LOC", 1.0)]
    # covered: (2 + 3)/5 = 1 for the three words, (2 + 2)/4 = 1 for the last two: the first candidate wins a tie.
    assert project("ngram", NOISY, score="covered") == [(1, 4, "LOC", 1.0)]
    assert project("ngram", NOISY, score="covered", max_length=2) == [(2, 4, "LOC", 1.0)]


def test_no_candidate_crosses_a_stop_word() -> None:
    cut = job("Yahoo Inc grew", "Yahoo ! Inc creció", [(0, 0), (1, 2), (2, 3)], "0:2:ORG")
    assert project("ngram", cut) == [(0, 1, "ORG", 0.6667)]
    assert project("ngram", cut, stop_words=[]) == [(0, 3, "ORG", 0.8)]


def test_exact_matching_beats_greedy() -> None:
    # Entity A (2 words) scores 1 on {0, 1}; B (1 word) is linked to word 1 alone and scores 1 there.
    # With A on {0}: 2/3 + 1 > 1 + nothing; greedy takes A's 1 first (row-major), B gets nothing.
    crossing = job("a1 a2 b", "x y z", [(0, 0), (1, 1), (2, 1)], "0:2:ORG 2:3:LOC")
    assert project("ngram", crossing, solver="greedy") == [(0, 2, "ORG", 1.0)]
    assert project("ngram", crossing) == [(0, 1, "ORG", 0.6667), (1, 2, "LOC", 1.0)]


def test_what_the_kernel_hands_over_is_proved_by_cp_sat(monkeypatch: pytest.MonkeyPatch) -> None:
    crossing = job("a1 a2 b", "x y z", [(0, 0), (1, 1), (2, 1)], "0:2:ORG 2:3:LOC")
    kernel = solve_stage.project_ngram
    monkeypatch.setattr(solve_stage, "project_ngram", lambda *a, **k: kernel(*a, **k, bits_cap=0))
    (found,) = run_system(make_system("ngram"), [crossing])
    assert found.status == "optimal"
    assert found.labelled().word_spans() == [(0, 1, "ORG"), (1, 2, "LOC")]


def test_ner_candidates_are_the_predicted_spans_whatever_their_type() -> None:
    one = job("Ana Ruiz sings", "canta Ana Ruiz hoy", [(0, 1), (1, 2), (2, 0)], "0:2:PER", "O B-LOC I-LOC I-LOC")
    # The predicted span is one word too long: (2 + 2)/(2 + 3). Its sub-ranges hold the right one.
    assert project("ner-candidates", one) == [(1, 4, "PER", 0.8)]
    assert project("ner-candidates", one, sub_ranges=True) == [(1, 3, "PER", 1.0)]
    nothing = job("Ana Ruiz sings", "canta Ana Ruiz hoy", [(0, 1)], "0:2:PER", "O O O O")
    assert project("ner-candidates", nothing) == []


@pytest.mark.parametrize("system", ["ngram", "aligned-ranges"])
def test_one_word_for_two_is_carried_whole(system: str) -> None:
    one = job("the UK", "el Reino Unido", [(0, 0), (1, 1), (1, 2)], "1:2:LOC")
    assert project(system, one) == [(1, 3, "LOC", 1.0)]


def test_aligned_ranges() -> None:
    # "Bank of Spain" -> "Banco (de) España" with "de" unaligned: joined runs, or every range of the hull.
    one = job("Bank of Spain", "el Banco de España", [(0, 1), (2, 3)], "0:3:ORG")
    for candidates in ("merged", "hull"):
        assert project("aligned-ranges", one, candidates=candidates) == [(1, 4, "ORG", 0.6667)]
    # Runs {0, 1} and {3} of one entity of two words: without sub-ranges only whole runs and their joins.
    runs = job("a b", "x y z w", [(0, 0), (0, 1), (1, 3)], "0:2:ORG")
    assert project("aligned-ranges", runs, sub_ranges=False, score="covered") == [(0, 4, "ORG", 0.8333)]


def test_model_transfer_reads_the_target_alone() -> None:
    one = job("", "Ana Ruiz canta", [], "", "B-PER I-PER O")
    assert project("model-transfer", one) == [(0, 2, "PER", 0.9)]
    assert make_system("model-transfer").needs == {"probabilities"}


@pytest.mark.parametrize("name", ["model-transfer", "ner-candidates"])
def test_probabilities_that_are_missing_are_asked_for(name: str) -> None:
    with pytest.raises(UsageError, match="probabilities of the target"):
        project(name, job("a", "b", [], ""))
