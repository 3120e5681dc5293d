"""Entities of a whole batch against those of each sentence by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import LABELS
from naive.tagging import group
from spanport.encoding.label import as_iob2, group_all, kinds_of, label_all, label_spans, range_means, read_tags
from spanport.types import Span
from spanport_kernels.ragged import offsets_of

TAGS = ("O", *(f"{prefix}-{label}" for prefix in "BIESLU" for label in ("PER", "LOC")))


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, len(TAGS) - 1), max_size=9), max_size=6))
def test_a_batch_is_grouped_as_its_sentences(rows: list[list[int]]) -> None:
    offsets = offsets_of([len(row) for row in rows])
    found = group_all(np.array([tag for row in rows for tag in row], np.int64), offsets, TAGS)
    kinds = kinds_of(TAGS)
    expected = [
        (b, int(offsets[b]) + start, int(offsets[b]) + end, kinds.index(label))
        for b, row in enumerate(rows)
        for start, end, label in group([TAGS[tag] for tag in row])
    ]
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_is_labelled_as_its_sentences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    views = [rng.dirichlet(np.ones(len(LABELS)), size).astype(np.float32) for size in rng.integers(0, 40, 8)]
    words = [tuple((3 * i, 3 * i + 2) for i in range(len(view))) for view in views]
    expected = []
    for view in views:
        best = read_tags(view, LABELS)
        peak = view[np.arange(len(view)), best]
        spans = group([LABELS[tag] for tag in best])
        expected.append(tuple(Span(3 * a, 3 * b - 1, label, float(peak[a:b].mean())) for a, b, label in spans))
    assert label_all(words, np.concatenate(views), offsets_of([len(view) for view in views]), LABELS) == expected
    assert [label_spans(own, view, LABELS) for own, view in zip(words, views, strict=True)] == expected


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), lengths=st.lists(st.integers(1, 30), max_size=12))
def test_means_are_rounded_as_those_of_each_range(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    values = rng.random((64, 3)).astype(np.float32)
    start = rng.integers(0, 34, len(lengths))
    end, column = start + np.array(lengths, np.int64), rng.integers(0, 3, len(lengths))
    means = range_means(values, start, end, column).tolist()
    assert means == [float(values[a:b, k].mean()) for a, b, k in zip(start, end, column, strict=True)]


def test_other_schemes_are_folded_into_iob2() -> None:
    rows = np.array([[0.1, 0.2, 0.3, 0.15, 0.25]], np.float32)
    folded, tags = as_iob2(rows, ("O", "B-X", "I-X", "E-X", "S-X"))
    assert tags == ("O", "B-X", "I-X")
    assert folded[0].tolist() == pytest.approx([0.1, 0.45, 0.45])
    same, tags = as_iob2(rows, ("O", "B-X", "I-X", "B-Y", "I-Y"))
    assert same is rows
    assert tags == ("O", "B-X", "I-X", "B-Y", "I-Y")
