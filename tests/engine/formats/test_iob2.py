from __future__ import annotations

import io

import pytest

from spanport.errors import FormatError, LabelSchemeError
from spanport.formats import FORMATS, Read, Rejected, read
from spanport.types import Sentence, Span

IOB2 = FORMATS["iob2"]
FILE = """# newdoc id = d1
# sent_id = s1
# text = Ana Ruiz vive en Lugo.
1\tAna\tB-PER\t-\tanna
2\tRuiz\tI-PER\t-\tanna
3\tvive\tO\t-\tanna
4\ten\tO\t-\tanna
5\tLugo\tB-LOC\tO#O\tanna
6\t.\tO\t-\tanna

# sent_id = s2
# text = Voltou do Brasil
1\tVoltou\tO\t-\t-
2\tde\tO\t-\t-
3\to\tO\t-\t-
4\tBrasil\tB-LOC\t-\t-

"""


def results(data: str, **options: bool) -> list[Read | Rejected]:
    return list(read(io.BytesIO(data.encode()), "iob2", **options))  # type: ignore[arg-type]


def test_the_text_is_that_of_the_comment_where_the_tokens_stand_in_it() -> None:
    first, second = (item.sentence for item in results(FILE) if isinstance(item, Read))
    assert first.text == "Ana Ruiz vive en Lugo."
    assert first.span_texts() == [("PER", "Ana Ruiz"), ("LOC", "Lugo")]
    assert second.text == "Voltou de o Brasil"
    assert second.extra is not None
    assert second.extra["comments"] == ["# sent_id = s2", "# text = Voltou do Brasil"]
    assert [item.line for item in results(FILE)] == [1, 11]


def test_comments_and_columns_are_written_out_again() -> None:
    sentences = [item.sentence for item in results(FILE) if isinstance(item, Read)]
    again = b"".join(map(IOB2.encode, sentences)).decode()
    assert again == FILE.replace("# text = Voltou do Brasil", "# text = Voltou de o Brasil")
    assert next(item.sentence for item in results(again) if isinstance(item, Read)) == sentences[0]


def test_text_without_words_becomes_columns() -> None:
    sentence = Sentence("Ana, vive", "spa_Latn", spans=(Span(0, 3, "PER"),))
    data = IOB2.encode(sentence)
    assert data == b"# text = Ana, vive\n1\tAna\tB-PER\t-\t-\n2\t,\tO\t-\t-\n3\tvive\tO\t-\t-\n\n"
    (again,) = results(data.decode())
    assert isinstance(again, Read)
    assert (again.sentence.text, again.sentence.spans) == (sentence.text, sentence.spans)
    (empty,) = results(IOB2.encode(Sentence("")).decode())
    assert isinstance(empty, Read)
    assert empty.sentence.text == ""


def test_columns_without_numbers_are_conll() -> None:
    (found,) = results("Ana\tB-PER\nvive\tO\n")
    assert isinstance(found, Read)
    assert found.sentence.span_texts() == [("PER", "Ana")]


def test_bad_records_are_rejected_in_their_place() -> None:
    bad = "1\tAna\n\n1\tAna\tX\t-\t-\n\n1\tAna\tB-PER\t-\t-\n"
    short, label, good = results(bad)
    assert isinstance(short, Rejected)
    assert isinstance(short.error, FormatError)
    assert "has 2 columns" in str(short.error)
    assert isinstance(label, Rejected)
    assert (label.line, type(label.error)) == (3, LabelSchemeError)
    assert isinstance(good, Read)
    assert all(isinstance(item, Read) for item in results(bad.replace("1\tAna\n\n", ""), labels=False))


def test_a_line_end_in_the_text_cannot_be_written() -> None:
    with pytest.raises(FormatError, match="the text holds a line end"):
        IOB2.encode(Sentence("Ana\nvive"))
