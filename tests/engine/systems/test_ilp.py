"""Matching by any score and any number of projections, against examples worked by hand and exhaustive scoring."""

from __future__ import annotations

import math
import random
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import LABELS, FakeEncoder, FakeModels, FakeTranslator
from spanport.errors import UsageError
from spanport.matching.nmt import NmtScorer, Phrase
from spanport.systems.base import make_system, run_system
from spanport.systems.tools import Tools
from spanport.types import Sentence, Span
from spanport.words import with_words
from spanport.work import Work

DICTIONARY = {"nueva": "new", "zelanda": "zealand", "ganó": "won", "banco": "bank", "España": "Spain"}


def job(
    source: str,
    target: str,
    spans: str,
    links: list[tuple[int, int]] | None = None,
    view: list[dict[str, float]] | None = None,
) -> Work:
    words = with_words(Sentence(source)).words
    found = []
    for span in spans.split():
        first, last, label = span.split(":")
        found.append(Span(words[int(first)][0], words[int(last) - 1][1], label))
    rows = np.zeros((len(view or ()), len(LABELS)), np.float32)
    for i, row in enumerate(view or ()):
        for tag, p in {"O": 1 - sum(row.values()), **row}.items():
            rows[i, LABELS.index(tag)] = p
    return Work(
        Sentence(source, "eng_Latn", words, tuple(found)),
        with_words(Sentence(target, "spa_Latn")),
        np.array(links or [], np.int32).reshape(-1, 2),
        rows if view else None,
    )


def project(jobs: list[Work], **options: object) -> list[list[tuple[int, int, str]]]:
    tools = Tools(FakeModels(FakeEncoder(), FakeTranslator(DICTIONARY)))
    return [found.labelled().word_spans() for found in run_system(make_system("ilp", options, tools), jobs)]


VIEW = [{"B-LOC": 0.2, "I-LOC": 0.1}, {"B-LOC": 0.6, "I-LOC": 0.1}, {"I-LOC": 0.7}, {"B-PER": 0.9}]
NER = job("New Zealand won", "la nueva zelanda ganó", "0:2:LOC", view=VIEW)


def test_needs_follow_the_score_and_the_candidates() -> None:
    expected = {
        "align": {"links"},
        "ner": {"probabilities"},
        "nmt": {"translator"},
        "align_ner_spans": {"links", "probabilities"},
        "all_fusion": {"links", "probabilities", "translator"},
    }
    for score, needs in expected.items():
        assert make_system("ilp", {"score": score}).needs == needs | {"source"}
    assert make_system("ilp", {"score": "nmt", "candidates": "merged"}).needs == {"source", "translator", "links"}


def test_ner_score_prefers_the_whole_span_and_its_own_type() -> None:
    # LOC: {nueva} .6; {nueva, zelanda} 1.15 * (.6 + .7) / 2 = .7475; with "la" in front 1.15^2 * (.2+.1+.7)/3 = .44.
    assert project([NER], score="ner", ner_spelled=False) == [[(1, 3, "LOC")]]
    # Any type: "ganó" spells B-PER with .9.
    assert project([NER], score="ner_spans", ner_spelled=False) == [[(3, 4, "LOC")]]
    # Spelled: the best tags of "la" are O, of the others exactly B-LOC I-LOC and B-PER.
    assert project([NER], score="ner") == [[(1, 3, "LOC")]]


def test_fusion_weighs_alignment_against_ner() -> None:
    # align: "ganó" 2*1/(2+1) = .67 for a wrong link; ner .75 for the right span, .9 for "ganó" as any type.
    linked = job("New Zealand won", "la nueva zelanda ganó", "0:2:LOC", [(0, 3)], VIEW)
    assert project([linked], score="align") == [[(3, 4, "LOC")]]
    assert project([linked], score="align_ner") == [[(1, 3, "LOC")]]
    assert project([linked], score="align_ner_spans") == [[(3, 4, "LOC")]]


def test_how_many_projections_an_entity_gets() -> None:
    # One word linked to two far ones: 2*1/2 = 1 each; the range over both 2*2/(1+4) = .8.
    twice = [job("Oslo here", "Oslo y luego Oslo", "0:1:LOC", [(0, 0), (0, 3)])]
    assert project(twice) == [[(0, 1, "LOC")]]
    for options in ({"relation": "<=", "count": 2}, {"relation": "=", "count": 2}, {"relation": ">=", "count": 1}):
        assert project(twice, **options) == [[(0, 1, "LOC"), (3, 4, "LOC")]]
    assert project(twice, relation="<=", count=2, solver="greedy") == [[(0, 1, "LOC"), (3, 4, "LOC")]]
    # Two entities need a span each, but there is one word: no answer, and said so.
    (found,) = run_system(
        make_system("ilp", {"relation": "=", "count": 1}), [job("a b", "x", "0:1:LOC 1:2:LOC", [(0, 0), (1, 0)])]
    )
    assert (found.spans, found.status) == ((), "infeasible")


def test_greedy_that_misses_a_constraint_does_not_claim_that_none_meets_it() -> None:
    one = job("Ana met Lugo", "Ana Lugo", "0:1:PER 2:3:LOC", [(0, 0), (0, 1), (2, 1)])
    asked = {"relation": "=", "count": 1, "score": "align"}
    (short,) = make_system("ilp", {**asked, "solver": "greedy"}).project([one])
    (met,) = make_system("ilp", asked).project([one])
    assert (len(short.spans), short.status, short.optimal) == (1, "unmet", False)
    assert (len(met.spans), met.status) == (2, "optimal")


def test_nmt_score_is_worked_out_by_hand() -> None:
    # The fake gives -0.1 to a word it can explain and to the end token, -3 to any other.
    scorer = NmtScorer(FakeTranslator(DICTIONARY))
    a, b = Phrase("new zealand", "eng_Latn"), Phrase("la nueva zelanda", "spa_Latn")
    a_from_b, self_score = 2 ** (-0.3 / 3), 2 ** (-0.1)
    b_from_a = 2 ** ((-3 - 0.3) / 4)
    expected = (a_from_b / self_score + b_from_a / self_score) / 2
    assert scorer.similarity([(a, b)])[0] == pytest.approx(expected)
    assert expected == pytest.approx((1 + 2 ** (-3.3 / 4 + 0.1)) / 2)
    assert scorer.scored == 4
    scorer.similarity([(a, b), (a, b)])
    assert scorer.scored == 4
    assert math.isclose(scorer.similarity([(a, a)])[0], 1.0, rel_tol=1e-6)


def test_nmt_finds_the_translation_without_links() -> None:
    assert project([job("new zealand won", "la nueva zelanda ganó", "0:2:LOC")], score="nmt") == [[(1, 3, "LOC")]]


def test_the_nmt_score_must_know_both_languages() -> None:
    nowhere = job("new won", "nueva ganó", "0:1:LOC")
    silent = Work(nowhere.source, Sentence(nowhere.target.text, "", nowhere.target.words), nowhere.links)
    with pytest.raises(UsageError, match="both languages"):
        project([silent], score="nmt")


WORDS = [*DICTIONARY, "la", "y", "Oslo"]
TARGETS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9)
SOURCES = st.lists(st.sampled_from([*DICTIONARY.values(), "Oslo", "the"]), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SOURCES, TARGETS, st.integers(1, 5)), min_size=1, max_size=3), st.booleans())
def test_pruned_matching_is_as_good_as_scoring_every_candidate(
    rows: list[tuple[list[str], list[str], int]], greedy: bool
) -> None:
    jobs = []
    for source, target, cut in rows:
        cut = min(cut, len(source) - 1)
        jobs.append(job(" ".join(source), " ".join(target), f"0:{cut}:LOC {cut}:{len(source)}:ORG"))
    options = {"score": "nmt", "solver": "greedy" if greedy else "exact"}
    total = {}
    for prune in (False, True):
        translator = FakeTranslator(DICTIONARY)
        system = make_system("ilp", {**options, "nmt_prune": prune}, Tools(FakeModels(FakeEncoder(), translator)))
        total[prune] = [round(sum(min(1.0, s.score) for s in found.spans), 6) for found in run_system(system, jobs)]
    assert total[True] == total[False]


class Synergy(FakeTranslator):
    """Finds some phrases up to almost the known slack better sources, or continuations, than their words alone."""

    def score(self, sources: Any, targets: Any, source_language: str, target_language: str) -> list[np.ndarray]:
        rows = []
        for source, target in zip(sources, targets, strict=True):
            words = [zlib.crc32(f"{word}>{token}".encode()) for token in target.split() for word in source.split()]
            table = -4.0 * (np.array(words, float).reshape(len(target.split()), -1) % 997 / 997)
            more = zlib.crc32(f"{source}>>{target}".encode()) % 90 / 100 if " " in source else 0.0
            row = np.append(table.max(axis=1), -0.1) + (-0.05 if source == target else more - 0.95)
            rows.append(np.minimum(row, -0.01).astype(np.float32))
        return rows


def test_slacks_leave_room_for_phrases_that_say_more_than_their_words() -> None:
    generator, missed = random.Random(3), 0
    for _ in range(40):
        target = " ".join(generator.choice("abcdefghij") + str(i) for i in range(7))
        one = job("x y z", target, "0:1:LOC 1:3:ORG")
        total = {}
        for prune in (False, True):
            tools = Tools(FakeModels(FakeEncoder(), Synergy()))
            (found,) = run_system(make_system("ilp", {"score": "nmt", "nmt_prune": prune}, tools), [one])
            total[prune] = sum(span.score for span in found.spans)
        missed += total[True] < total[False] - 1e-6
    assert missed <= 1  # this translator is a little wilder than those that the slacks were measured on


def test_pruning_scores_few_candidates_of_a_long_sentence() -> None:
    filler = " ".join(f"w{i}" for i in range(30))
    long = job("new zealand won", f"{filler} nueva zelanda {filler}", "0:2:LOC")
    counts = {}
    for prune in (False, True):
        tools = Tools(FakeModels(FakeEncoder(), FakeTranslator(DICTIONARY)))
        system = make_system("ilp", {"score": "nmt", "nmt_prune": prune}, tools)
        (found,) = run_system(system, [long])
        assert found.labelled().word_spans() == [(30, 32, "LOC")]
        assert found.status == ("feasible" if prune else "optimal")  # the bounds are no proof
        counts[prune] = system._scorer.tokens  # type: ignore[attr-defined]
    assert counts[True] * 4 < counts[False]
