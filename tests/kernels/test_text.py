"""Words written out as text against the slow twin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import joining as naive
from spanport_kernels.text import join_words, word_ranges

WORDS = st.text(st.sampled_from("aé北🙂 "), max_size=24)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.data())
def test_join_words(vocabulary: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(st.integers(0, len(vocabulary) - 1), max_size=5), max_size=4))
    codes = [word.encode() for word in vocabulary]
    found = join_words(
        np.frombuffer(b"".join(codes), np.uint8),
        np.cumsum([0, *map(len, codes)]).astype(np.int32),
        np.array([len(word) for word in vocabulary], np.int32),
        np.array([word for row in rows for word in row], np.int32),
        np.cumsum([0, *map(len, rows)]),
    )
    text, offsets, places, characters = naive.joined([[vocabulary[word] for word in row] for row in rows])
    assert found.text[: found.offsets[-1]].tobytes() == text
    assert found.offsets.tolist() == offsets
    assert found.places.tolist() == places
    assert found.characters.tolist() == characters


def test_a_text_past_two_gigabytes_is_refused() -> None:
    word, words = np.zeros(1 << 20, np.uint8), np.zeros(1 << 11, np.int32)
    with pytest.raises(OverflowError, match="2 GiB"):
        join_words(word, np.array([0, word.size], np.int32), np.array([word.size], np.int32), words, np.array([0, 2]))


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.data())
def test_word_ranges(vocabulary: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(st.integers(0, len(vocabulary) - 1), min_size=1, max_size=5), max_size=4))
    runs = [(i, *sorted(data.draw(st.tuples(*2 * [st.integers(0, len(row) - 1)])))) for i, row in enumerate(rows)]
    codes = [word.encode() for word in vocabulary]
    starts = np.cumsum([0, *map(len, codes)]).astype(np.int32)
    lengths = np.array([len(word) for word in vocabulary], np.int32)
    words, offsets = np.array([word for row in rows for word in row], np.int32), np.cumsum([0, *map(len, rows)])
    joined = join_words(np.frombuffer(b"".join(codes), np.uint8), starts, lengths, words, offsets)
    first, last = (np.array([offsets[run[0]] + run[side] for run in runs], np.int64) for side in (1, 2))
    found = word_ranges(joined, starts, lengths, words, first, last)
    texts = [found.text[a:b].tobytes().decode() for a, b in pairwise(found.offsets)]
    sentences = [" ".join(vocabulary[word] for word in row) for row in rows]
    wanted = [" ".join(vocabulary[word] for word in rows[i][a : b + 1]) for i, a, b in runs]
    before = [len(" ".join([*(vocabulary[word] for word in rows[i][:a]), ""])) for i, a, _ in runs]
    assert (texts, found.begins.tolist()) == (wanted, before)
    bounds = zip(sentences, found.begins, found.ends, strict=True)
    assert [sentence[begin:end] for sentence, begin, end in bounds] == wanted
