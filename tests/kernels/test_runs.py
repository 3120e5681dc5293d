"""Heuristic projection against slow twins, and published labels reproduced."""

from __future__ import annotations

from typing import Any

import pytest
from batches import Sentences, rows, sentences
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import heuristics as naive
from spanport_kernels.runs import project_runs

runs_options = st.fixed_dictionaries(
    {
        "merge_distance": st.integers(0, 3),
        "top_k": st.integers(0, 2),
        "only_i": st.booleans(),
        "threshold": st.sampled_from([-1.0, 0.0, 0.5, 0.8, 1.0]),
        "order": st.sampled_from(["given", "length_asc"]),
        "collision": st.sampled_from(["skip", "overwrite"]),
        "top_k_keeps": st.sampled_from(["longest", "shortest"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(sentences(), runs_options)
def test_equals_the_twin(batch: Sentences, options: dict[str, Any]) -> None:
    found = rows(project_runs(*batch.batch, **options))
    assert found == [
        naive.project_runs(*pair, **options) for pair in zip(batch.entities, batch.edges, batch.lengths, strict=True)
    ]


def test_the_steps_of_the_heuristic() -> None:
    """Entity 0-3 is linked to 0, 2, 3 and 6: runs 0, 2-3 and 6."""
    edges = [(0, 0), (1, 2), (1, 3), (2, 6), (0, 3)]

    def project(**options: Any) -> list[tuple[int, int]]:
        spans, _ = project_runs([(0, 3, 0)], [0, 1], edges, [0, 5], [8], **options)
        return [(start, end) for start, end, _, _ in spans.tolist()]

    assert project() == [(0, 1), (2, 4), (6, 7)]
    assert project(merge_distance=1) == [(0, 4), (6, 7)]
    assert project(merge_distance=2) == [(0, 7)]
    assert project(top_k=1) == [(2, 4)]
    assert project(top_k=1, top_k_keeps="shortest") == [(0, 1)]
    assert project(threshold=0.5) == [(2, 4)]
    assert project(threshold=1 / 3) == [(2, 4)]
    assert project(merge_distance=1, only_i=True) == [(0, 4), (6, 7)]


def test_overwritten_spans_fall_apart_as_labels_do() -> None:
    entities = [(0, 1, 0), (1, 2, 1), (2, 3, 0)]
    edges = [(0, 0), (0, 1), (0, 2), (1, 1), (2, 2)]
    spans, _ = project_runs(entities, [0, 3], edges, [0, 5], [3], collision="overwrite")
    assert spans.tolist() == [[0, 1, 0, 0], [1, 2, 1, 1], [2, 3, 0, 2]]
    spans, _ = project_runs(entities, [0, 3], edges, [0, 5], [3], collision="skip")
    assert spans.tolist() == [[0, 3, 0, 0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entities": [(1, 1, 0)]}, r"entity 0 is \[1, 1, 0\], expected 0 <= start < end"),
        ({"entities": [(0, 1, -1)]}, "a label >= 0"),
        ({"edges": [(0, 2)]}, "edge 0-2 of pair 0, .* target < 2"),
        ({"target_lengths": [2, 2]}, "target_lengths describes 2 items, expected 1"),
        ({"order": "best"}, "order is 'best', expected 'given' or 'length_asc'"),
        ({"collision": "merge"}, "collision is 'merge', expected 'skip' or 'overwrite'"),
        ({"top_k": -1}, "merge_distance is 0 and top_k -1, expected at least 0"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], message: str) -> None:
    arguments = {
        "entities": [(0, 1, 0)],
        "entity_offsets": [0, 1],
        "edges": [(0, 0)],
        "edge_offsets": [0, 1],
        "target_lengths": [2],
    }
    with pytest.raises(ValueError, match=message):
        project_runs(**(arguments | change))
