from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from spanport.errors import LabelSchemeError
from spanport.formats.labels import iob2, spans_of_labels


@pytest.mark.parametrize(
    ("labels", "spans"),
    [
        ("B-X I-X O B-Y", [(0, 2, "X"), (3, 4, "Y")]),
        ("I-X I-X O I-Y", [(0, 2, "X"), (3, 4, "Y")]),
        ("I-X B-X I-X", [(0, 1, "X"), (1, 3, "X")]),
        ("I-X I-Y", [(0, 1, "X"), (1, 2, "Y")]),
        ("B-X B-X", [(0, 1, "X"), (1, 2, "X")]),
        ("B-X I-Y", [(0, 1, "X"), (1, 2, "Y")]),
        ("O I-X", [(1, 2, "X")]),
        ("B-X I-X E-X S-X E-Y", [(0, 3, "X"), (3, 4, "X"), (4, 5, "Y")]),
        ("B-X I-X L-X U-X U-X", [(0, 3, "X"), (3, 4, "X"), (4, 5, "X")]),
        ("B-X E-X I-X", [(0, 2, "X"), (2, 3, "X")]),
        ("S-X I-X", [(0, 1, "X"), (1, 2, "X")]),
        ("B-X-Y I-X-Y", [(0, 2, "X-Y")]),
        ("", []),
    ],
)
def test_every_scheme(labels: str, spans: list[tuple[int, int, str]]) -> None:
    assert spans_of_labels(labels.split()) == spans


@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIES" for t in "XY")])))
def test_groups_like_seqeval(labels: list[str]) -> None:
    assert spans_of_labels(labels) == [(start, end + 1, kind) for kind, start, end in get_entities(labels)]


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"])))
def test_iob2_says_the_same_as_what_it_was_made_from(labels: list[str]) -> None:
    spans = spans_of_labels(labels)
    assert spans_of_labels(iob2(len(labels), spans)) == spans


@pytest.mark.parametrize("label", ["X-PER", "PER", "B-", "B", "B_PER", "o", "", "BPER"])
def test_unknown_scheme(label: str) -> None:
    with pytest.raises(LabelSchemeError, match=r"of word 1 follows none of IOB1"):
        spans_of_labels(["O", label])


def test_iob2_gives_a_shared_word_to_the_earlier_span() -> None:
    assert iob2(4, [(0, 2, "X"), (1, 4, "Y")]) == ["B-X", "I-X", "B-Y", "I-Y"]
