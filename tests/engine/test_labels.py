from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from naive.tagging import group
from spanport.errors import LabelSchemeError
from spanport.labels import iob2, is_label, spans_of_labels, tag_code, types_of
from spanport_kernels.label_codes import LabelTypes
from spanport_kernels.parse import Conll
from spanport_models.errors import LabelError
from spanport_models.manifest import check_labels

LABELS = ("O", "B-PER", "I-PER", "E-LOC", "S-PER", "L-X", "U-LOC")


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


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIES" for t in "XY")])))
def test_groups_like_seqeval(labels: list[str]) -> None:
    assert spans_of_labels(labels) == [(start, end + 1, kind) for kind, start, end in get_entities(labels)]


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIESLU" for t in "XY")])))
def test_groups_like_its_naive_twin(labels: list[str]) -> None:
    assert spans_of_labels(labels) == group(labels)


def test_codes_are_those_of_the_kernel() -> None:
    buffer = np.frombuffer(b" ".join(label.encode() for label in LABELS), np.uint8)
    ends = np.cumsum([len(label) + 1 for label in LABELS])
    parsed = Conll(*[np.empty(0, np.int64)] * 6)._replace(
        labels=np.stack([ends - [len(label) + 1 for label in LABELS], ends - 1], axis=1)
    )
    table = LabelTypes()
    assert [tag_code(label, types_of(LABELS)) for label in LABELS] == table.codes(buffer, parsed).tolist()
    assert [name.decode() for name in table.names] == list(types_of(LABELS))


@pytest.mark.parametrize("tag", ["O", "B-X", "I-X", "E-X", "L-X", "S-X", "U-X", "B-", "X", "M-X", "b-X", "B_X"])
def test_bundles_take_the_same_tags(tag: str) -> None:
    if is_label(tag):
        check_labels(tuple(dict.fromkeys(["O", tag])), "a test")
    else:
        with pytest.raises(LabelError):
            check_labels(("O", tag), "a test")
        with pytest.raises(LabelSchemeError, match="of the tag set"):
            tag_code(tag, ("X",))
