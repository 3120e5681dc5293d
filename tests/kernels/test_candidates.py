"""Candidate enumeration against its slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import matching as naive
from spanport_kernels import candidates
from spanport_kernels.ragged import Candidates, offsets_of

sentences = st.lists(
    st.integers(0, 9).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)).map(lambda x: (x[0], x[0] + x[1])), max_size=3),
            st.lists(st.tuples(st.integers(0, 7), st.integers(0, max(n - 1, 0))), max_size=12 if n else 0),
            st.sets(st.integers(0, max(n - 1, 0)), max_size=2 if n else 0),
        )
    ),
    max_size=4,
)
"""Target length, entities, links and stop words of a few sentences."""


def ranges_of(found: Candidates, sentence: int) -> list[tuple[int, int]]:
    return [(a, b) for a, b in found.ranges[found.offsets[sentence] : found.offsets[sentence + 1]].tolist()]


def arrays(batch: list[tuple]) -> tuple[np.ndarray, ...]:
    """Entities (label 0), their offsets, links, their offsets, lengths."""
    return (
        np.array([(a, b, 0) for _, e, _, _ in batch for a, b in e], np.int32).reshape(-1, 3),
        offsets_of([len(e) for _, e, _, _ in batch]),
        np.array([link for _, _, links, _ in batch for link in links], np.int32).reshape(-1, 2),
        offsets_of([len(links) for _, _, links, _ in batch]),
        np.array([n for n, _, _, _ in batch], np.int32),
    )


@settings(deadline=None)
@given(sentences, st.integers(0, 4))
def test_ngrams(batch: list[tuple], max_length: int) -> None:
    stop = np.array([t in stops for n, _, _, stops in batch for t in range(n)], np.bool_)
    found = candidates.ngram_candidates(arrays(batch)[4], stop, max_length=max_length)
    for b, (n, _, _, stops) in enumerate(batch):
        assert ranges_of(found, b) == naive.ngram_candidates(n, stops, max_length)


@settings(deadline=None)
@given(sentences)
def test_aligned_subranges(batch: list[tuple]) -> None:
    found = candidates.aligned_subranges(*arrays(batch))
    for b, (_, entities, links, _) in enumerate(batch):
        assert ranges_of(found, b) == naive.aligned_subranges(entities, links)


@settings(deadline=None)
@given(sentences, st.booleans())
def test_merged_ranges(batch: list[tuple], subranges: bool) -> None:
    found = candidates.merged_ranges(*arrays(batch), subranges=subranges)
    for b, (_, entities, links, _) in enumerate(batch):
        assert ranges_of(found, b) == naive.merged_ranges(entities, links, subranges)


@settings(deadline=None)
@given(sentences, st.booleans())
def test_predicted_spans(batch: list[tuple], subranges: bool) -> None:
    spans = [spans for _, spans, _, _ in batch]
    flat = np.array([span for row in spans for span in row], np.int32).reshape(-1, 2)
    found = candidates.predicted_spans(flat, offsets_of([len(row) for row in spans]), subranges=subranges)
    for b, row in enumerate(spans):
        assert ranges_of(found, b) == naive.predicted_spans(row, subranges)


def test_a_link_past_the_sentence_is_refused() -> None:
    entities, links = np.array([[0, 1, 0]], np.int32), np.array([[0, 5]], np.int32)
    one = np.array([0, 1])
    with pytest.raises(ValueError, match="edge 0-5"):
        candidates.aligned_subranges(entities, one, links, one, np.array([5], np.int32))


def test_a_stop_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 7"):
        candidates.ngram_candidates(np.array([3, 4], np.int32), np.zeros(6, np.bool_))
