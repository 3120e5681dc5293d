"""Viterbi decoding against trying every path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive.tagging import best_score, path_score
from spanport_kernels.ragged import offsets_of
from spanport_kernels.tagging import FREE, LEAST, UNLIKELY, best_tags, openers

IOB2 = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
BIOES = ("O", "B-PER", "I-PER", "E-PER", "S-PER")
IOB1 = ("B-LOC", "I-LOC", "I-PER", "O")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**32), max_size=4), st.sampled_from([IOB2, BIOES]))
def test_no_path_is_likelier(seeds: list[int], tags: tuple[str, ...]) -> None:
    sentences = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        raw = rng.random((rng.integers(0, 5), len(tags))).astype(np.float32) ** rng.choice([1, 8])
        raw[rng.random(raw.shape) < 0.2] = 0.0
        sentences.append(raw)
    offsets = offsets_of([len(rows) for rows in sentences])
    found = best_tags(np.concatenate([np.empty((0, len(tags)), np.float32), *sentences]), offsets, tags)
    for rows, start, end in zip(sentences, offsets, offsets[1:], strict=False):
        if end > start:
            got = path_score(rows.tolist(), found[start:end].tolist(), tags, UNLIKELY, LEAST)
            assert got == pytest.approx(best_score(rows.tolist(), tags, UNLIKELY, LEAST))


def test_an_entity_never_starts_inside() -> None:
    rows = [[0.1, 0.2, 0.3, 0.2, 0.2], [0.1, 0.1, 0.1, 0.2, 0.5], [0.5, 0.1, 0.3, 0.05, 0.05]]
    assert [IOB2[k] for k in best_tags(rows, [0, 1, 3], IOB2)] == ["B-PER", "B-LOC", "O"]


def test_a_certain_word_wins_over_the_rule() -> None:
    certain = [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
    assert best_tags(certain, [0, 2], IOB2).tolist() == [0, 2]


def test_a_scheme_that_is_not_iob2_is_read_word_by_word() -> None:
    rng = np.random.default_rng(0)
    rows = rng.random((50, 4)).astype(np.float32)
    assert openers(IOB1).tolist() == [[FREE, FREE]] * 4
    assert best_tags(rows, [0, 20, 50], IOB1).tolist() == rows.argmax(axis=1).tolist()


def test_long_sentences_do_not_vanish() -> None:
    rows = np.full((5000, 5), 0.01, np.float32)
    rows[:, 0] = 0.02
    assert not best_tags(rows, [0, 5000], IOB2).any()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected \(words, 5 tags\)"):
        best_tags(np.zeros((2, 3)), [0, 2], IOB2)
