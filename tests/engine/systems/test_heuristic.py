"""Heuristic projection and its presets against examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spanport.systems.base import make_system, run_system
from spanport.systems.heuristic import HeuristicOptions
from spanport.types import Sentence, Span
from spanport.words import with_words
from spanport.work import Work

# One source entity of four words, "Bank of New Zealand"; its links hit target words 0, 1, 3 and 6.
LINKS = [(0, 0), (1, 1), (2, 3), (3, 6)]
SOURCE, TARGET = "Bank of New Zealand said", "a b c d e f g h"


def job(links: list[tuple[int, int]], source: str = SOURCE, target: str = TARGET, spans: str = "0:4:ORG") -> Work:
    words = with_words(Sentence(source)).words
    found = []
    for span in spans.split():
        first, last, label = span.split(":")
        found.append(Span(words[int(first)][0], words[int(last) - 1][1], label))
    goal = with_words(Sentence(target))
    return Work(Sentence(source, "", words, tuple(found)), goal, np.array(links, np.int32).reshape(-1, 2))


def words_of(name: str, one: Work, **options: object) -> list[tuple[int, int, str]]:
    (found,) = run_system(make_system(name, options), [one])
    return found.labelled().word_spans()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"merge_distance": 0, "threshold": None}, [(0, 2), (3, 4), (6, 7)]),
        ({"merge_distance": 1, "threshold": None}, [(0, 4), (6, 7)]),
        ({"merge_distance": 2, "threshold": None}, [(0, 7)]),
        ({"merge_distance": 1, "threshold": 0.8}, [(0, 4)]),
        ({"merge_distance": 1, "threshold": 1.0}, []),  # 4 of 4 words is not strictly more than 1.0
        ({"merge_distance": 0, "threshold": None, "top_k": 1}, [(0, 2)]),
        ({"merge_distance": 0, "threshold": None, "top_k": 1, "shortest_first": True}, [(3, 4)]),
    ],
)
def test_runs_merge_threshold_and_top_k(options: dict[str, object], expected: list[tuple[int, int]]) -> None:
    assert words_of("heuristic", job(LINKS), **options) == [(*span, "ORG") for span in expected]


def test_the_thesis_keeps_the_shortest_run_where_nothing_else_chooses() -> None:
    presets = {row: make_system("heuristic", {"preset": f"thesis-{row}"}).settings for row in range(1, 12)}
    assert [row for row, settings in presets.items() if settings.shortest_first] == [3, 7, 9]
    assert words_of("heuristic", job(LINKS), preset="thesis-3") == [(6, 7, "ORG")]


def test_only_i_does_not_merge_a_run_that_begins_the_entity_again() -> None:
    again = job([(0, 0), (0, 2), (1, 3)])
    assert words_of("heuristic", again, threshold=None) == [(0, 4, "ORG")]
    assert words_of("heuristic", again, threshold=None, only_i=True) == [(0, 1, "ORG"), (2, 4, "ORG")]


def test_order_and_collision() -> None:
    # A long entity (words 0-2) and a short one (word 2) share target word 1.
    both = job([(0, 0), (1, 1), (2, 1)], spans="0:2:ORG 2:3:LOC")
    options = {"threshold": None}
    assert words_of("heuristic", both, **options) == [(0, 1, "ORG"), (1, 2, "LOC")]
    assert words_of("heuristic", both, **options, collision="skip") == [(0, 2, "ORG")]
    assert words_of("heuristic", both, **options, collision="skip", order="length_asc") == [(1, 2, "LOC")]


def test_presets_fill_in_and_give_way_to_what_is_said() -> None:
    assert make_system("heuristic", {"preset": "2501.18750"}).settings == HeuristicOptions()
    row = make_system("heuristic", {"preset": "thesis-9"}).settings
    assert isinstance(row, HeuristicOptions)
    assert (row.merge_distance, row.top_k, row.threshold, row.order, row.collision) == (
        0,
        1,
        None,
        "length_asc",
        "skip",
    )
    longer = make_system("heuristic", {"preset": "thesis-9", "top_k": 2}).settings
    assert isinstance(longer, HeuristicOptions)
    assert longer.top_k == 2
    with pytest.raises(ValueError, match=r"no preset 'x'; there are 2501\.18750, thesis-1"):
        make_system("heuristic", {"preset": "x"})


def test_easy_label_projection_keeps_the_largest_run_without_punctuation() -> None:
    # Target: "The - Royal Bank" / the hyphen is linked but dropped; runs {0} and {2, 3}: extent 4 > 3, no merge.
    one = job([(0, 0), (0, 1), (1, 2), (2, 3)], "Royal Bank here", "Die - Royal Bank", "0:3:ORG")
    assert words_of("heuristic", one, preset="easy-label-projection") == [(2, 4, "ORG")]
    # A gap of one word inside an extent of three is filled.
    gap = job([(0, 0), (1, 2)], "Royal Bank here", "Bank von Royal", "0:2:ORG")
    assert words_of("easy-label-projection", gap) == [(0, 3, "ORG")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(0, 3), (4, 6)]),
        ({"restr_tgt": True}, [(0, 3), (4, 5)]),
        ({"comp_src": True}, [(4, 6)]),
        ({"comp_tgt": True}, [(4, 6)]),
        ({"comp_tgt": True, "on_failure": "discard"}, []),
        ({"comp_tgt": True, "comp_ins": True}, []),
        ({"comp_ins": True}, [(0, 3), (4, 6)]),
    ],
)
def test_span_filling_and_its_filters(options: dict[str, object], expected: list[tuple[int, int]]) -> None:
    # "Bank of England" loses its second word and has a gap; "Paris" is linked to two words.
    one = job(
        [(0, 0), (2, 2), (3, 4), (3, 5)], "Bank of England Paris", "Banco de Inglaterra y la París", "0:3:ORG 3:4:ORG"
    )
    assert words_of("span-filling", one, **options) == [(*span, "ORG") for span in expected]


def test_a_run_is_not_called_optimal_and_scores_its_coverage() -> None:
    (found,) = run_system(make_system("heuristic"), [job(LINKS)])
    assert found.status == "feasible"
    # Entity words 0, 1, 2 have a link into words 0-3, of which 0, 1 and 3 are linked: (3 + 3) / (4 + 4).
    assert [span.score for span in found.spans] == [0.75]
