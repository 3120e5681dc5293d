"""Span filling and its filters against the slow twin."""

from __future__ import annotations

from typing import Any

from batches import Sentences, rows, sentences
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import heuristics as naive
from spanport_kernels.filling import project_filling

options = st.fixed_dictionaries(
    {
        "complete_source": st.booleans(),
        "complete_target": st.booleans(),
        "complete_instance": st.booleans(),
        "restrict_target": st.booleans(),
        "on_failure": st.sampled_from(["skip", "discard"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(sentences(), options)
def test_equals_the_twin(batch: Sentences, chosen: dict[str, Any]) -> None:
    spans, complete = project_filling(*batch.batch, **chosen)
    twin = [
        naive.project_filling(*pair, **chosen)
        for pair in zip(batch.entities, batch.edges, batch.lengths, strict=True)
    ]
    assert rows(spans) == [spans for spans, _ in twin]
    assert complete.tolist() == [passed for _, passed in twin]


def test_the_filters() -> None:
    """Entity 0-2 is linked to words 1 and 3; entity 2-3 to 5 and 6; entity 3-4 to nothing."""
    entities, edges = [(0, 2, 0), (2, 3, 1), (3, 4, 1)], [(0, 1), (1, 3), (2, 5), (2, 6)]

    def project(**chosen: Any) -> tuple[list[tuple[int, int]], bool]:
        spans, complete = project_filling(entities, [0, 3], edges, [0, 4], [8], **chosen)
        return [(start, end) for start, end, _, _ in spans.values.tolist()], bool(complete[0])

    assert project() == ([(1, 4), (5, 7)], True)
    assert project(restrict_target=True) == ([(1, 4), (5, 6)], True)
    assert project(complete_target=True) == ([(5, 7)], False)
    assert project(complete_source=True) == ([(1, 4), (5, 7)], False)
    assert project(complete_source=True, on_failure="discard") == ([], False)
    assert project(complete_instance=True) == ([], False)
