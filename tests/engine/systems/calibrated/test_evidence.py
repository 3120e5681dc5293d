"""Evidence of links, words and the classifier, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calibrated_cases import evidence, rows
from engine_sentences import job
from spanport.systems.calibrated.names import SHAPES


def test_evidence_of_links_worked_by_hand() -> None:
    # "Bank of Spain" is linked to words 1, 3 and 4; word 2 has no link, word 4 another from "said".
    links = [(0, 1), (1, 3), (2, 3), (2, 4), (3, 4)]
    one = job("[ORG Bank of Spain] said", "el Banco Central de España dijo", *links)
    seen = evidence([one])
    assert list(seen) == [(0, 0, 1, 2), (0, 0, 1, 4), (0, 0, 1, 5), (0, 0, 3, 4), (0, 0, 3, 5), (0, 0, 4, 5)]
    whole = seen[0, 0, 1, 5]
    assert whole["coverage"] == pytest.approx((3 + 3) / (3 + 4))
    assert (whole["source_covered"], whole["target_covered"], whole["unlinked"]) == (1, 0.75, 0.25)
    assert (whole["whole"], whole["scattered"], whole["contested"], whole["behind"]) == (1, 0, 0, 0)
    assert whole["foreign"] == 1 / 4
    assert whole["longer"] == pytest.approx(np.log(4 / 3))
    assert whole["capital_ORG"] == 1
    assert whole["first_case"] == whole["last_case"] == 1
    part = seen[0, 0, 3, 4]  # "de", to which two of the three entity words are linked
    assert part["coverage"] == pytest.approx((2 + 1) / (3 + 1))
    assert part["source_covered"] == pytest.approx(2 / 3)
    assert part["scattered"] == pytest.approx(1 - 2 / 4)
    assert part["behind"] == pytest.approx(6 / 7 - 3 / 4)
    assert part["shorter"] == pytest.approx(np.log(3))
    assert part["first_case"] == 0
    assert [whole["rivals"], part["rivals"]] == [0, 0]
    twice = evidence([job("[ORG Bank] said", "Banco Banco dijo", (0, 0), (0, 1), (1, 2))])
    # "Banco" twice and "Banco Banco": 2/2, 2/2 and 3/3, all the best there is.
    assert [row["rivals"] for row in twice.values()] == pytest.approx([np.log(3)] * 3)


def test_the_word_before_a_range_is_of_its_own_sentence() -> None:
    left, right = job("[PER Ana]", "Ana Ruiz", (0, 0)), job("[PER Ana] said", "Ana Sofia", (0, 0), (0, 1))
    seen = evidence([left, right, left])
    assert (seen[0, 0, 0, 1]["capital_before"], seen[0, 0, 0, 1]["capital_after"]) == (0, 1)
    assert seen[1, 1, 0, 1]["capital_before"] == 0  # "Ruiz" before it is the other sentence's
    late = job("[PER Ana] said", "Sofia Ana", (0, 1))
    assert evidence([late])[0, 0, 1, 2]["capital_before"] == 1


def test_of_a_crowd_the_best_candidates_of_each_entity_are_weighed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [(i, j) for i in range(4) for j in range(8)]
    one = job("[ORG a b] [PER c d]", "a b c d e f g h", *links)
    every = evidence([one])
    assert len(every) == 2 * 36
    monkeypatch.setattr("spanport.systems.calibrated.evidence.MOST_CANDIDATES", 10)
    other = job("[PER Ana]", "Ana", (0, 0))
    seen = evidence([other, one])
    assert [key[:2] for key in seen] == [(0, 0)] + [(1, 1)] * 5 + [(1, 2)] * 5
    assert (1, 1, 0, 2) in seen  # its very words
    assert (1, 2, 2, 4) in seen


def test_evidence_of_the_letters_worked_by_hand() -> None:
    one = job("[LOC EFE] and [MISC Italian] , [ORG A 4]", "EFE , italiano ( A4", *[(0, 0), (2, 2), (4, 3), (5, 4)])
    seen = evidence([one])
    shapes = [f"{shape}_{label}" for label in ("PER", "ORG", "LOC", "MISC") for shape in SHAPES]

    def shape(*key: int) -> list[str]:
        return [name for name in shapes if seen[key][name]]

    assert shape(0, 0, 0, 1) == ["acronym_LOC"]
    assert shape(0, 1, 2, 3) == ["lower_MISC"]
    assert shape(0, 2, 3, 5) == ["other_ORG"]
    assert shape(0, 2, 4, 5) == ["acronym_ORG"]
    flags = ("bare_edge", "lower_end", "punctuated", "digits", "initial")
    assert [seen[0, 2, 3, 5][name] for name in flags] == [1, 0, 1, 1, 0]
    assert [seen[0, 1, 2, 3][name] for name in flags] == [0, 1, 0, 0, 0]
    assert [seen[0, 0, 0, 1][name] for name in flags] == [0, 0, 0, 0, 1]


def test_an_entity_without_links_is_found_by_its_words_or_by_the_classifier() -> None:
    one = job("[PER Ana Ruiz] left", "se fue Ana Ruiz", probabilities=rows("O", "O", "B-PER", "I-PER"))
    assert evidence([one])[0, 0, 2, 4]["identical"] == 1
    assert evidence([one])[0, 0, 2, 4]["coverage"] == 0
    other = job("[PER Anne] left", "se fue Ana", probabilities=rows("O", "O", "B-PER"))
    assert evidence([other]) == {}
    assert evidence([other], view=True)[0, 0, 2, 3]["same"] == 1


def test_evidence_of_the_classifiers_view() -> None:
    tags = ("O", "B-ORG", "I-ORG", "B-PER")
    one = job("[ORG Bank] [PER Ana]", "el Banco Nacional Ana", (0, 1), (0, 2), (1, 3), probabilities=rows(*tags))
    seen = evidence([one], view=True)
    whole, half = seen[0, 0, 1, 3], seen[0, 0, 1, 2]
    assert whole["inside"] == pytest.approx(0.9125)
    assert whole["begins"] == pytest.approx(0.9)
    assert (whole["same"], whole["cut"], half["same"], half["cut"]) == (1, 0, 0, 1)
    assert whole["before"] == pytest.approx(0.025)
    assert half["after"] == pytest.approx(0.9)
    wrong = job("[ORG Ana]", "Ana", (0, 0), probabilities=rows("B-PER"))
    assert evidence([wrong], view=True)[0, 0, 0, 1]["same_words"] == 1
    assert seen[0, 1, 3, 4]["same"] == 1
    assert whole["entity"] == pytest.approx(0.9875)
    assert whole["inside_log_odds"] == pytest.approx(np.log(0.9125 / 0.0875))
