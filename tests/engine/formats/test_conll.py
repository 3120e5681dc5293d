from __future__ import annotations

import io
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.errors import EncodingError, FormatError, LabelSchemeError, UsageError
from spanport.formats import FORMATS, Read, Rejected, parallel, read, read_alignments
from spanport.formats.tokenized import sentence_of_words
from spanport.types import ProjectedSpan, Projection, Sentence, Span

encode = FORMATS["conll"].encode
token = st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda word: word.strip(" ") and not word.startswith("\ufeff")
)


def results(data: str | bytes) -> list[Read | Rejected]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read(io.BytesIO(raw), "conll"))  # type: ignore[arg-type]


def sentences(data: str) -> list[Sentence]:
    found = results(data)
    assert all(isinstance(item, Read) for item in found), found
    return [item.sentence for item in found if isinstance(item, Read)]


def test_words_spans_and_lines() -> None:
    found = results("Ana B-PER\nRuiz I-PER\nvive O\n\nLugo B-LOC\n")
    first = Sentence("Ana Ruiz vive", words=((0, 3), (4, 8), (9, 13)), spans=(Span(0, 8, "PER"),), tokenized=True)
    second = Sentence("Lugo", words=((0, 4),), spans=(Span(0, 4, "LOC"),), tokenized=True)
    assert found == [Read(1, first), Read(5, second)]


@pytest.mark.parametrize(
    "row", ["Ana B-PER", "Ana\tB-PER", "Ana   B-PER \r", "Ana NNP I-NP B-PER", "Ana\tNNP\tB-PER\t"]
)
def test_columns(row: str) -> None:
    (sentence,) = sentences(row + "\nvive O\n" if row.count(" ") < 3 or "\r" in row else row + "\n")
    assert sentence.span_texts() == [("PER", "Ana")]


def test_tab_separated_words_may_hold_spaces() -> None:
    (sentence,) = sentences("New York\tB-LOC\n")
    assert sentence.word_texts() == ["New York"]


def test_middle_columns_are_kept() -> None:
    data = "Ana\tNNP\tI-NP\tB-PER\nvive\tVB\tI-VP\tO\n\n"
    (sentence,) = sentences(data)
    assert encode(sentence).decode() == data


def test_docstart_is_a_sentence_with_or_without_label() -> None:
    for start in ("-DOCSTART- O", "-DOCSTART- -X- -X- O", "-DOCSTART-"):
        texts = [s.text for s in sentences(f"{start}\n\nAna B-PER\n\n{start}\n\nLugo B-LOC\n")]
        assert texts == ["-DOCSTART-", "Ana", "-DOCSTART-", "Lugo"]


def test_each_blank_line_ends_a_sentence() -> None:
    assert [s.text for s in sentences("a O\n\n\n \t\nb O\n\n")] == ["a", "", "", "b"]
    assert [item.line for item in results("a O\n\n\nb O")] == [1, 3, 4]
    assert [s.text for s in sentences("a O\r\n\r\nb O\r\n")] == ["a", "b"]
    assert sentences("") == []


def test_one_column_is_an_unlabelled_file() -> None:
    assert [s.word_texts() for s in sentences("Ana\nvive\n\nLugo\n")] == [["Ana", "vive"], ["Lugo"]]


def test_a_bad_sentence_comes_out_in_its_place() -> None:
    found = results("Ana B-PER\n\nLugo\nvive O\n\nRuiz X-PER\n\n\tO\n\nfin O\n")
    assert [type(item) for item in found] == [Read, Rejected, Rejected, Rejected, Read]
    _, missing, scheme, empty, _ = found
    assert isinstance(missing, Rejected)
    assert isinstance(scheme, Rejected)
    assert isinstance(empty, Rejected)
    assert "word 0 ('Lugo') has no label" in str(missing.error)
    assert (missing.line, missing.error.line, missing.record) == (3, 3, "Lugo\nvive O")
    assert isinstance(scheme.error, LabelSchemeError)
    assert scheme.line == 6
    assert isinstance(empty.error, FormatError)


def test_a_labelled_line_in_an_unlabelled_file_is_rejected() -> None:
    found = results("Ana\n\nvive\n\nen\n\nLugo B-LOC\n")
    assert isinstance(found[-1], Rejected)
    assert "2 columns in a file of one column" in str(found[-1].error)


def test_bad_bytes_reject_their_sentence_only() -> None:
    found = results(b"a O\n\nb\xff O\nc O\n\nd\0 O\n\ne O\n")
    assert [type(item) for item in found] == [Read, Rejected, Rejected, Read]
    assert isinstance(found[1], Rejected)
    assert isinstance(found[1].error, EncodingError)
    assert found[1].record == "b\\xff O\nc O"


def test_long_line() -> None:
    (sentence,) = sentences("a" * 100_000 + " B-PER\n")
    assert sentence.spans[0].end == 100_000


@given(st.lists(st.lists(token, max_size=6), max_size=5), st.data())
def test_round_trip(texts: list[list[str]], data: st.DataObject) -> None:
    given_sentences = []
    for words in texts:
        cuts = sorted(data.draw(st.sets(st.integers(0, len(words)), max_size=4)))
        spans = [(a, b, "X-1") for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
        given_sentences.append(sentence_of_words(words, spans))
    written = b"".join(encode(sentence) for sentence in given_sentences)
    assert [item.sentence for item in results(written) if isinstance(item, Read)] == given_sentences


def test_writing_raw_text_splits_it() -> None:
    sentence = Sentence("Ana Ruiz, de Lugo.", "spa_Latn", spans=(Span(0, 8, "PER"),))
    assert encode(sentence) == b"Ana\tB-PER\nRuiz\tI-PER\n,\tO\nde\tO\nLugo\tO\n.\tO\n\n"


def test_writing_a_projection_leaves_the_old_labels_out() -> None:
    target = sentence_of_words(["Ana", "vive"], [(1, 2, "OLD")])
    projection = Projection(target, (ProjectedSpan(0, 3, "PER", 0.9),), Sentence(""))
    assert FORMATS["conll"].encode_projection(projection) == b"Ana\tB-PER\nvive\tO\n\n"


def test_an_empty_sentence_is_one_blank_line() -> None:
    assert encode(Sentence("")) == b"\n"


@pytest.mark.parametrize("word", ["a\tb", "a\nb", " ", "\r"])
def test_words_that_no_column_can_hold(word: str) -> None:
    with pytest.raises(FormatError, match="word 0"):
        encode(sentence_of_words([word]))


def test_other_columns_of_another_length_are_left_out() -> None:
    sentence = msgspec.structs.replace(sentence_of_words(["a"]), extra={"columns": [["X"], ["Y"]]})
    assert encode(sentence) == b"a\tO\n\n"


@pytest.mark.data
def test_research_files_stay_parallel() -> None:
    folder = Path(os.environ.get("SPANPORT_DATA", ""))
    if not (folder / "conll-parallel").is_dir():
        pytest.skip("SPANPORT_DATA does not name the research data")
    conll = folder / "conll-parallel"
    rows = list(
        parallel(
            ("en", read(conll / "original/en.train.tsv")),
            ("es", read(conll / "en2es/deepl.train.tsv")),
            ("links", read_alignments(conll / "en2es/awesome.train.pharaoh")),
        )
    )
    assert len(rows) == 14_987
    assert not any(isinstance(item, Rejected) for row in rows for item in row)
    for en, es, links in rows:
        assert all(i < len(en.sentence.words) and j < len(es.sentence.words) for i, j in links.alignment)
    files = [(code, read(folder / f"europarl-ner/{code}.test.conll02")) for code in ("en", "de", "es")]
    assert len(list(parallel(*files))) == 799


@pytest.mark.parametrize(
    "table",
    [
        "text\tlabel\nAna vive\t1\n",
        "id\tsentence\n1\tAna\n",
        "tokens\tner_tags\n['Ana']\t['B-PER']\n",
        "1\tAna vive en Lugo\n2\tLuis vive\n3\tAna\n",
        "Ana vive en Lugo\tpositive\n",
    ],
)
def test_a_table_is_refused_at_once(table: str) -> None:
    with pytest.raises(UsageError, match="looks like a table, not like columns of a word and its label"):
        read(io.BytesIO(table.encode()), "conll")


def test_words_that_are_names_of_columns_are_words() -> None:
    (found,) = read(io.BytesIO(b"text\tO\nlabel\tB-X\n"), "conll")
    assert isinstance(found, Read)
    assert found.sentence.span_texts() == [("X", "label")]
