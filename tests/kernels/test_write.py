"""The CoNLL writer against its slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import parsing as naive
from spanport_kernels import label_codes, parse, write

ROWS = [b"word O", b"a  b   B-X", "año\tmid dle\tO".encode(), b" x y ", b"w\t\tO\t", b"- I-Y"]
BARE = [b"word", "日本".encode(), b" x", b"y\t"]


@settings(max_examples=200, deadline=None)
@given(st.data(), st.booleans())
def test_writing(data: st.DataObject, labelled: bool) -> None:
    rows = st.lists(st.sampled_from(ROWS if labelled else BARE), max_size=6)
    sentences = data.draw(st.lists(rows, max_size=4))
    content = b"".join(b"".join(row + b"\n" for row in sentence) + b"\n" for sentence in sentences)
    types = label_codes.LabelTypes()
    for name in (b"PER", "Ø-1".encode()):
        types.add(name)
    spans = [
        sorted(
            (start, data.draw(st.integers(start + 1, len(sentence))), data.draw(st.integers(0, 1)))
            for start in data.draw(st.sets(st.integers(0, max(0, len(sentence) - 1)), max_size=2 if sentence else 0))
        )
        for sentence in sentences
    ]
    flat = np.array([(*span, 0) for row in spans for span in row], np.int32).reshape(-1, 4)
    offsets = np.cumsum([0, *map(len, spans)])
    buffer = np.frombuffer(content, np.uint8)
    parsed = parse.parse_conll(buffer, labelled=labelled)
    out, out_offsets = write.write_conll(buffer, parsed, flat, offsets, types)
    for b, sentence in enumerate(sentences):
        entities = [(s, e, types.names[t]) for s, e, t in spans[b]]
        expected = naive.conll_text(sentence, labelled, entities)
        assert out[out_offsets[b] : out_offsets[b + 1]].tobytes() == expected


def test_no_sentences() -> None:
    parsed = parse.parse_conll(np.empty(0, np.uint8))
    nothing = np.empty((0, 4), np.int32)
    out, offsets = write.write_conll(
        np.empty(0, np.uint8), parsed, nothing, np.zeros(1, np.int64), label_codes.LabelTypes()
    )
    assert (out.size, offsets.tolist()) == (0, [0])
