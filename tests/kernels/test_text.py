"""Words written out as text against the slow twin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import joining as naive
from spanport_kernels.text import join_words, pieces

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
    assert found.text.tobytes() == text
    assert found.offsets.tolist() == offsets
    assert found.places.tolist() == places
    assert found.characters.tolist() == characters


def test_a_text_past_two_gigabytes_is_refused() -> None:
    word, words = np.zeros(1 << 20, np.uint8), np.zeros(1 << 11, np.int32)
    with pytest.raises(OverflowError, match="2 GiB"):
        join_words(word, np.array([0, word.size], np.int32), np.array([word.size], np.int32), words, np.array([0, 2]))


@given(st.binary(max_size=40), st.data())
def test_pieces(text: bytes, data: st.DataObject) -> None:
    ends = st.integers(0, len(text))
    ranges = [sorted(pair) for pair in data.draw(st.lists(st.tuples(ends, ends), max_size=6))]
    starts, stops = np.array(ranges, np.int32).reshape(-1, 2).T
    found, offsets = pieces(np.frombuffer(text, np.uint8), starts.copy(), stops.copy())
    assert [found[a:b].tobytes() for a, b in pairwise(offsets)] == [text[a:b] for a, b in ranges]
