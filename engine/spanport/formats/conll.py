"""CoNLL columns: one word a line, its first column the word and its last the label; a blank line ends a sentence.

* Columns are separated by tabs where a line has one (words may then hold spaces), else by spaces. What stands
  between the first and the last column is kept in ``extra["columns"]`` and written out again.
* Every blank line ends one sentence. A second blank line in a row therefore is an empty sentence, so that files
  stay parallel to Pharaoh and plain-text files, in which an empty line is one. The last sentence needs none.
* ``-DOCSTART-`` is a sentence of one word like any other, with or without a label.
* Label schemes are read as `spanport.labels` says; IOB2 is written.
* A file of one column is unlabelled. Which of the two a file is, its first lines say by majority; after that a
  line of the other kind is an error of its sentence.

The text of a sentence is its words joined by one space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from spanport.errors import FormatError, SpanError, UsageError
from spanport.formats.lines import decode, encode, numbered, show
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.tokenized import sentence_of_words
from spanport.labels import iob2, is_label, spans_of_labels
from spanport.types import Projection, Sentence, check_spans
from spanport.words import with_words

DOCSTART = "-DOCSTART-"
HEAD = 256
"""Lines that decide whether a file is labelled."""

COLUMN_NAMES = frozenset({"text", "sentence", "token", "tokens", "word", "words"}) | frozenset(
    {"label", "labels", "tag", "tags", "ner_tags", "spans", "entities"}
)
"""Any of them in a first line without a label makes it the header of a table."""


def read_conll(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    """One sentence per block of lines, tokenized.

    Raises:
        UsageError: at once, where the first lines are those of a table.
    """
    rest = iter(lines)
    head = list(islice(rest, HEAD))
    refuse_table(head)
    return _read(chain(head, rest), is_labelled(head), reading.language, reading.labels)


def _read(lines: Iterable[bytes], labelled: bool, language: str, labels: bool) -> Iterator[ReadResult]:
    start, block = 1, []
    for number, raw in numbered(lines):
        if raw.strip():
            block.append(raw)
        else:
            yield read_block(start, block, labelled, language, labels)
            start, block = number + 1, []
    if block:
        yield read_block(start, block, labelled, language, labels)


def encode_conll(sentence: Sentence) -> bytes:
    """Tab-separated lines with IOB2 labels, then a blank line.

    A sentence without words gets those of `spanport.words`. A span labels every word that it touches; where two
    touch the same word the first has it.

    Raises:
        FormatError: a word is empty or holds a tab or a line end, which a column cannot; spans overlap.
    """
    sentence = with_words(sentence)
    words = sentence.word_texts()
    for i, word in enumerate(words):
        check_column(i, word, sentence.text)
    labels = tags_of(sentence)
    middle = (sentence.extra or {}).get("columns")
    if isinstance(middle, list) and len(middle) == len(words):
        rows = ["\t".join([w, *m, label]) for w, m, label in zip(words, middle, labels, strict=True)]
    else:
        rows = [f"{word}\t{label}" for word, label in zip(words, labels, strict=True)]
    return encode("\n".join([*rows, "", ""])) if rows else b"\n"


def tags_of(sentence: Sentence) -> list[str]:
    """IOB2 tags of the words; where two spans touch the same word the first has it.

    Raises:
        FormatError: spans overlap, which a tag per word cannot say.
    """
    try:
        check_spans(sentence.text, sentence.spans)
    except SpanError as error:
        raise FormatError(f"{error}; a tag per word cannot say both: write JSONL", record=sentence.text) from None
    return iob2(len(sentence.words), sentence.word_spans())


def check_column(i: int, word: str, text: str) -> None:
    """Raise FormatError where word i of a text is blank or holds a tab or a line end, which a column cannot."""
    if not word.strip(" ") or "\t" in word or "\n" in word or "\r" in word:
        raise FormatError(f"word {i} is {word!r}: a column cannot be blank or hold tabs and line ends", record=text)


def encode_conll_projection(projection: Projection) -> bytes:
    """The target with its projected spans; see `encode_conll`."""
    return encode_conll(projection.labelled())


def read_block(start: int, block: list[bytes], labelled: bool, language: str, labels: bool = True) -> ReadResult:
    """The sentence of the lines of one block, the first of which is line ``start`` of its file."""
    try:
        return Read(start, _parse(decode(b"\n".join(block), start), labelled, language, labels))
    except (FormatError, SpanError) as error:
        error.line = start
        return Rejected(start, error, show(b"\n".join(block)))


def _parse(block: str, labelled: bool, language: str, wanted: bool) -> Sentence:
    rows = [_columns(row) for row in block.split("\n")] if block else []
    words = [row[0] for row in rows]
    if not all(words):
        raise FormatError(f"word {words.index('')} is empty; expected 'word label'")
    if not labelled:
        wide = next((row for row in rows if len(row) > 1), None)
        if wide is not None:
            raise FormatError(f"line {' '.join(wide)!r} has {len(wide)} columns in a file of one column")
        return sentence_of_words(words, (), language)
    bare = next((i for i, row in enumerate(rows) if len(row) == 1), None)
    if bare is not None and wanted and words != [DOCSTART]:
        raise FormatError(f"word {bare} ({words[bare]!r}) has no label; expected 'word label'")
    labels = [row[-1] for row in rows] if bare is None and wanted else []
    middle = [row[1:-1] for row in rows] if any(len(row) > 2 for row in rows) else None
    return sentence_of_words(words, spans_of_labels(labels), language, {"columns": middle} if middle else None)


def _columns(row: str) -> list[str]:
    row = row.rstrip(" \t")
    columns = row.split("\t") if "\t" in row else row.split(" ")
    return columns if "\t" in row or "" not in columns else [column for column in columns if column]


def is_labelled(head: list[bytes]) -> bool:
    """Whether most of a file's first lines have more than one column."""
    rows = [row.split() for row in head if row.strip() and not row.startswith(DOCSTART.encode())]
    return 2 * sum(len(row) > 1 for row in rows) >= len(rows) > 0


def header_names(line: bytes) -> list[str] | None:
    """The columns that the first line of a table names; None where it is a word and its label, or names none."""
    cells = [show(cell).strip() for cell in line.split(b"\t")]
    known = len(cells) > 1 and not is_label(cells[-1]) and any(cell.lower() in COLUMN_NAMES for cell in cells)
    return cells if known else None


def refuse_table(head: list[bytes]) -> None:
    """Refuse a file whose first lines name columns, or hold texts of several words rather than a word each.

    Raises:
        UsageError: the file is a table.
    """
    rows = [[show(cell).strip() for cell in row.split(b"\t")] for row in head if row.strip()]
    if not rows or len(rows[0]) < 2:
        return
    named = header_names(head[0]) is not None
    texts = sum(" " in row[0] + row[-1] and not is_label(row[-1]) for row in rows)
    if named or 2 * texts > len(rows):
        raise UsageError(
            f"this looks like a table, not like columns of a word and its label: its first line is "
            f"{' | '.join(rows[0])[:80]!r}; expected 'word<tab>label' lines with a blank line after each sentence; "
            "a table with a header is format tsv"
        )
