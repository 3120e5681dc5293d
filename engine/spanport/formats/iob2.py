"""Universal NER's columns: comment lines, then ``id token label - annotator``, tabs between them.

The text of a sentence is that of its ``# text =`` comment where the tokens are found in it one after the other, else
the tokens joined by one space. Comments and the columns after the label are kept in ``extra`` and written out again.
A file without comments whose lines do not begin with numbers is read as `conll`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from spanport.errors import FormatError
from spanport.formats.conll import HEAD, check_column, read_conll, tags_of
from spanport.formats.lines import encode
from spanport.formats.records import Reading, ReadResult
from spanport.formats.tokenized import locate, read_blocks, sentence_of_words
from spanport.labels import spans_of_labels
from spanport.types import Projection, Sentence
from spanport.words import with_words

TEXT = "# text = "
REST = ["-", "-"]
"""The columns after the label where nothing is known of them."""


def read_iob2(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    """One sentence per block of lines, tokenized."""
    rest = iter(lines)
    head = list(islice(rest, HEAD))
    numbers = all(row.startswith(b"#") or row.split(b"\t")[0].isdigit() for row in head if row.strip())
    return (_read if numbers else read_conll)(chain(head, rest), reading)


def encode_iob2(sentence: Sentence) -> bytes:
    """Comments, numbered lines with IOB2 labels, and a blank line; see `spanport.formats.conll.encode_conll`.

    Raises:
        FormatError: a word or the text cannot stand on a line of columns.
    """
    sentence = with_words(sentence)
    words, extra = sentence.word_texts(), sentence.extra or {}
    for i, word in enumerate(words):
        check_column(i, word, sentence.text)
    if "\n" in sentence.text or "\r" in sentence.text:
        raise FormatError(
            "the text holds a line end, which a comment cannot; write JSONL instead", record=sentence.text
        )
    comments = [str(comment) for comment in extra.get("comments") or () if not str(comment).startswith(TEXT)]
    rest = extra.get("columns")
    if not isinstance(rest, list) or len(rest) != len(words):
        rest = [REST] * len(words)
    labels = tags_of(sentence)
    rows = ["\t".join([str(i), *row]) for i, row in enumerate(_rows(words, labels, rest), 1)]
    return encode("\n".join([*comments, TEXT + sentence.text, *rows, "", ""]))


def encode_iob2_projection(projection: Projection) -> bytes:
    """The target with its projected spans; see `encode_iob2`."""
    return encode_iob2(projection.labelled())


def _rows(words: Sequence[str], labels: Sequence[str], rest: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    for word, label, columns in zip(words, labels, rest, strict=True):
        yield [word, label, *columns]


def _read(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    return read_blocks(lines, lambda block: _parse(block, reading.language, reading.labels))


def _parse(block: str, language: str, wanted: bool) -> Sentence:
    lines = block.split("\n")
    comments = [line for line in lines if line.startswith("#")]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    short = next((row for row in rows if len(row) < 3 or not row[1]), None)
    if short is not None:
        raise FormatError(f"line {'<tab>'.join(short)!r} has {len(short)} columns; expected 'id<tab>token<tab>label'")
    words = [row[1] for row in rows]
    text = next((line[len(TEXT) :] for line in comments if line.startswith(TEXT)), None)
    try:
        located = text is not None and len(locate(words, text)) == len(rows)
    except FormatError:
        located = False
    spans = spans_of_labels([row[2] for row in rows]) if wanted else []
    kept = [line for line in comments if not (located and line.startswith(TEXT))]
    extra = {"comments": kept, "columns": [row[3:] for row in rows]}
    return sentence_of_words(words, spans, language, extra, text if located else None)
