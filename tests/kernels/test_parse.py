"""Parsers against their slow twins, on well-formed, odd and random bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from naive import parsing as naive
from spanport_kernels import label_codes, parse

PIECES = [
    b" ",
    b"\t",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"O",
    b"B-LOC",
    b"E-LOC",
    b"a",
    "ñ".encode(),
    "日".encode(),
]
BAD_UTF8 = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe3\x81", b"\x80", b"\xf0\x8f\xbf\xbf"]
LINES = [b"word O\n", b"w x  y O\n", b"w\tx y\tI-PER\n", b"w\tx\ty\tO\n"]
conll_bytes = st.lists(st.sampled_from(PIECES + BAD_UTF8 + 4 * LINES), max_size=25).map(b"".join)


def as_buffer(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def check_conll(data: bytes, labelled: bool) -> None:
    found = parse.parse_conll(as_buffer(data), labelled=labelled)
    blocks = naive.conll_blocks(data)
    assert len(found.flags) == len(blocks)
    at = line = 0
    for b, block in enumerate(blocks):
        expected = naive.conll_sentence(block, labelled)
        assert (found.flags[b] == parse.OK) == (expected is not None)
        here = slice(found.offsets[b], found.offsets[b + 1])
        assert found.offsets[b + 1] - found.offsets[b] == len(block)
        if expected is not None:
            words = [data[x:y] for x, y in found.words[here].tolist()]
            labels = [data[x:y] for x, y in found.labels[here].tolist()]
            assert list(zip(words, labels, strict=True)) == expected
        assert found.records[b, 0] == at
        at = int(found.records[b, 1])
        assert found.lines[b] == line
        line += data[found.records[b, 0] : at].count(b"\n")
    assert at == len(data)


@settings(max_examples=200, deadline=None)
@given(conll_bytes, st.booleans())
def test_conll(data: bytes, labelled: bool) -> None:
    check_conll(data, labelled)


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_the_encoding_check_is_that_of_python(data: bytes) -> None:
    text = data.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b"").replace(b"\t", b"").replace(b" ", b"")
    check_conll(text + b"x O\n", True)


@pytest.mark.parametrize("bad", BAD_UTF8)
def test_invalid_utf8_is_flagged_in_its_sentence_only(bad: bytes) -> None:
    found = parse.parse_conll(as_buffer(b"a O\n\n" + bad + b" O\n\nb O\n"))
    assert found.flags.tolist() == [parse.OK, parse.NOT_UTF8, parse.OK]


def test_a_word_without_a_label_and_a_label_without_a_word_are_flagged() -> None:
    assert parse.parse_conll(as_buffer(b"a O\nb\n\n\tO\n")).flags.tolist() == [parse.NO_LABEL, parse.EMPTY_WORD]
    assert parse.parse_conll(as_buffer(b"a\nb c\n"), labelled=False).flags.tolist() == [parse.NO_LABEL]


def test_blank_lines_are_empty_sentences() -> None:
    found = parse.parse_conll(as_buffer(b"\na O\n\n\n  \nb O\n\n"))
    assert np.diff(found.offsets).tolist() == [0, 1, 0, 0, 1]
    assert found.lines.tolist() == [0, 1, 3, 4, 5, 7]


@settings(deadline=None)
@given(conll_bytes, st.integers(0, 30))
@example(b"a O\nb O\n\n", 4)  # cut where a line ends inside a sentence
def test_conll_in_chunks_is_the_whole(data: bytes, cut: int) -> None:
    whole = parse.parse_conll(as_buffer(data))
    first = parse.parse_conll(as_buffer(data[:cut]), final=cut >= len(data))
    used = int(first.records[-1, 1]) if len(first.records) else 0
    rest = parse.parse_conll(as_buffer(data[used:]))
    assert np.concatenate([first.flags, rest.flags]).tolist() == whole.flags.tolist()
    assert np.concatenate([first.words, rest.words + used]).tolist() == whole.words.tolist()
    assert np.concatenate([first.records, rest.records + used]).tolist() == whole.records.tolist()


LABELS = ["O", "I-A", "B-A", "I-B", "E-A", "L-B", "S-A", "U-B", "I-A-B", "B-Å"]
labels = st.lists(st.sampled_from(LABELS * 5 + ["X-A", "B", "I-", "o"]), max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(labels.filter(bool), max_size=4))
def test_labels_of_every_scheme(sentences: list[list[str]]) -> None:
    data = "".join("".join(f"w {label}\n" for label in sentence) + "\n" for sentence in sentences).encode()
    parsed, types = parse.parse_conll(as_buffer(data)), label_codes.LabelTypes()
    found, offsets = label_codes.spans_of_codes(types.codes(as_buffer(data), parsed), parsed)
    for b, sentence in enumerate(sentences):
        expected = naive.spans(sentence)
        assert (parsed.flags[b] == parse.BAD_LABEL) == (expected is None)
        spans = [(s, e, types.names[t].decode()) for s, e, t in found[offsets[b] : offsets[b + 1]].tolist()]
        assert spans == (expected or [])


def test_types_past_the_limit_are_left_to_the_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_codes.LabelTypes, "LIMIT", 2)
    data = as_buffer(b"a B-1\n\na B-2\n\na B-3\n\na B-1\n")
    parsed, types = parse.parse_conll(data), label_codes.LabelTypes()
    _, offsets = label_codes.spans_of_codes(types.codes(data, parsed), parsed)
    assert parsed.flags.tolist() == [parse.OK, parse.OK, parse.BAD_LABEL, parse.OK]
    assert np.diff(offsets).tolist() == [1, 1, 0, 1]
