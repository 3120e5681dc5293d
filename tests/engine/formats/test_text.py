from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.errors import EncodingError, FormatError
from spanport.formats import FORMATS, Read, Rejected, read
from spanport.types import ProjectedSpan, Projection, Sentence, Span

encode = FORMATS["text"].encode
one_line = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))


def results(data: bytes) -> list[Read | Rejected]:
    return list(read(io.BytesIO(data), "text", "es"))  # type: ignore[arg-type]


def test_an_empty_line_is_an_empty_sentence() -> None:
    found = results(b"Ana\n\n\nLugo")
    assert [item.sentence.text for item in found if isinstance(item, Read)] == ["Ana", "", "", "Lugo"]
    assert [item.line for item in found] == [1, 2, 3, 4]
    assert found[0] == Read(1, Sentence("Ana", "spa_Latn"))


def test_bad_lines_come_out_in_their_places() -> None:
    ok, bad, nul, last = results(b"a\nb\xff\nc\0\nd")
    assert isinstance(bad, Rejected)
    assert isinstance(bad.error, EncodingError)
    assert (bad.line, bad.error.line, bad.record) == (2, 2, "b\\xff")
    assert isinstance(nul, Rejected)
    assert "NUL" in str(nul.error)
    assert isinstance(ok, Read)
    assert isinstance(last, Read)


def test_a_line_of_a_hundred_thousand_characters() -> None:
    (found,) = results("é".encode() * 100_000)
    assert isinstance(found, Read)
    assert len(found.sentence.text) == 100_000


@given(st.lists(one_line))
def test_round_trip(texts: list[str]) -> None:
    data = b"".join(encode(Sentence(text)) for text in texts)
    if not data.startswith(b"\xef\xbb\xbf"):
        assert [item.sentence.text for item in results(data) if isinstance(item, Read)] == texts


def test_spans_are_marked() -> None:
    target = Sentence("Ana Ruiz vive en Lugo.", spans=(Span(0, 3, "OLD"),))
    spans = (ProjectedSpan(0, 8, "PER", 1.0), ProjectedSpan(17, 21, "LOC", 0.5))
    data = FORMATS["text"].encode_projection(Projection(target, spans, Sentence("")))
    assert data == b"[PER Ana Ruiz] vive en [LOC Lugo].\n"


@pytest.mark.parametrize("text", ["a\nb", "a\r"])
def test_a_line_end_cannot_be_written(text: str) -> None:
    with pytest.raises(FormatError, match="line end"):
        encode(Sentence(text))


def test_overlapping_spans_cannot_be_written() -> None:
    with pytest.raises(FormatError, match="overlap"):
        encode(Sentence("abc", spans=(Span(0, 2, "X"), Span(1, 3, "Y"))))
