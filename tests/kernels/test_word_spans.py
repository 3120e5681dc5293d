"""Spans in code points to spans in words, against looking every one up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanport_kernels.text import join_words
from spanport_kernels.word_spans import word_spans

VOCABULARY = ["a", "é北", "🙂", "ab"]
CODES = [word.encode() for word in VOCABULARY]
STARTS = np.cumsum([0, *map(len, CODES)]).astype(np.int32)
LENGTHS = np.array([len(word) for word in VOCABULARY], np.int32)
Spans = list[tuple[int, int, str]]


def slowly(words: list[str], spans: Spans) -> list[tuple[int, int]] | None:
    """First word and word after the last of each span; None where one is not of whole words after the one before."""
    text, found, at = " ".join(words), list[tuple[int, int]](), 0
    bounds = [(len(" ".join([*words[:i], ""])), len(" ".join(words[: i + 1]))) for i in range(len(words))]
    for start, end, said in spans:
        first = [i for i, (begin, _) in enumerate(bounds) if begin == start]
        last = [i for i, (_, stop) in enumerate(bounds) if stop == end]
        if not first or not last or first[0] < at or last[0] < first[0] or said != text[start:end]:
            return None
        found.append((first[0], last[0] + 1))
        at = last[0] + 1
    return found


def quickly(rows: list[list[int]], spans: list[Spans], *, said: bool = True, odd: Any = ()) -> Any:
    offsets, flat = np.cumsum([0, *map(len, rows)]), [span for row in spans for span in row]
    words = np.array([word for row in rows for word in row], np.int32)
    joined = join_words(np.frombuffer(b"".join(CODES), np.uint8), STARTS, LENGTHS, words, offsets)
    texts = [text.encode() for *_, text in flat]
    data = np.frombuffer(b"".join(texts), np.uint8), np.cumsum([0, *map(len, texts)])
    starts, ends = (np.array([span[i] for span in flat], np.int64) for i in (0, 1))
    marks = np.array([i in odd for i in range(len(rows))], np.bool_)
    types = np.arange(len(flat), dtype=np.int32)
    places, texts_said = np.cumsum([0, *map(len, spans)]), data if said else None
    found, found_offsets = word_spans(places, starts, ends, types, texts_said, offsets, words, LENGTHS, joined, marks)
    each = [found[a:b].tolist() for a, b in pairwise(found_offsets)]
    return each, marks.tolist()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_against_the_slow_twin(data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(st.integers(0, len(VOCABULARY) - 1), max_size=5), max_size=4))
    spans: list[Spans] = []
    for row in rows:
        text = " ".join(VOCABULARY[word] for word in row)
        ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text) + 1))
        drawn = sorted(data.draw(st.lists(ends.filter(lambda pair: pair[0] < pair[1]), max_size=3)))
        spans.append([(a, b, data.draw(st.sampled_from([text[a:b], text[a:b], "a"]))) for a, b in drawn])
    wanted = [slowly([VOCABULARY[word] for word in row], some) for row, some in zip(rows, spans, strict=True)]
    each, odd = quickly(rows, spans)
    assert odd == [one is None for one in wanted]
    assert [[(first, last) for first, last, _ in row] for row in each] == [one or [] for one in wanted]


def test_types_odd_rows_and_no_texts() -> None:
    rows, spans = [[0, 3], [1], [2]], [[(0, 1, "?"), (2, 4, "?")], [(0, 2, "?")], [(0, 1, "?")]]
    assert quickly(rows, spans, said=False, odd={1}) == (
        [[[0, 1, 0], [1, 2, 1]], [], [[0, 1, 3]]],
        [False, True, False],
    )


@pytest.mark.parametrize("span", [(-1, 1), (0, -1), (2**40, 2**40 + 1), (1, 1)])
def test_offsets_out_of_the_text(span: tuple[int, int]) -> None:
    assert quickly([[0, 0]], [[(*span, "a")]], said=False) == ([[]], [True])
