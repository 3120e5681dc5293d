"""CoNLL-U: Universal Dependencies' ten columns, entities as IOB tags in MISC (``NER=B-PER``).

The text is put together from the tokens and ``SpaceAfter=No``, which gives true offsets (``# text =`` where that
agrees). A multiword token (``3-4``) is one word, with the tag of its line or else of its first tagged part; empty
nodes (``8.1``) are none. All columns and comments are kept in ``extra`` and written out again with new tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from spanport.errors import FormatError
from spanport.formats.conll import check_column, tags_of
from spanport.formats.iob2 import TEXT
from spanport.formats.lines import encode
from spanport.formats.records import Reading, ReadResult
from spanport.formats.tokenized import read_blocks
from spanport.labels import spans_of_labels
from spanport.types import Projection, Sentence, Span
from spanport.words import with_words

KEYS = ("NER", "Entity", "NE", "ner")
"""Names under which MISC holds tags; the first is written."""

NUMBER = re.compile(r"[0-9]+([-.][0-9]+)?")
COLUMNS = 10
MISC = 9


def read_conllu(lines: Iterable[bytes], reading: Reading) -> Iterator[ReadResult]:
    """One sentence per block of lines, tokenized."""
    return read_blocks(lines, lambda block: _parse(block, reading))


def encode_conllu(sentence: Sentence) -> bytes:
    """A block with the columns that came with the sentence, or ``_`` in those of which nothing is known.

    Raises:
        FormatError: a word or the text cannot stand on a line of columns, or spans overlap.
    """
    sentence = with_words(sentence)
    words, extra = sentence.word_texts(), sentence.extra or {}
    if "\n" in sentence.text or "\r" in sentence.text:
        raise FormatError("the text holds a line end, which a comment cannot; write JSONL", record=sentence.text)
    given = extra.get("conllu")
    kept = isinstance(given, list) and [row[1] for row in given if _is_word(row, given)] == words
    rows = [list(row) for row in given] if kept and isinstance(given, list) else _new_rows(sentence, words)
    if _joined(rows)[0].rstrip(" ") != sentence.text.rstrip(" "):
        raise FormatError(
            "between its words the text holds something else than one space or none, or begins with a space, which "
            "CoNLL-U cannot say; write JSONL",
            record=sentence.text,
        )
    tags = iter(tags_of(sentence))
    for row in rows:
        row[MISC] = _with_tag(row[MISC], next(tags) if _is_word(row, rows) else "O")
    comments = [str(comment) for comment in extra.get("comments") or () if not str(comment).startswith(TEXT)]
    lines = ["\t".join(row) for row in rows]
    return encode("\n".join([*comments, TEXT + sentence.text, *lines, "", ""]))


def encode_conllu_projection(projection: Projection) -> bytes:
    """The target with its projected spans; see `encode_conllu`."""
    return encode_conllu(projection.labelled())


def _parse(block: str, reading: Reading) -> Sentence:
    lines = block.split("\n")
    comments = [line for line in lines if line.startswith("#")]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    odd = next((row for row in rows if len(row) != COLUMNS or not row[1]), None)
    if odd is not None:
        raise FormatError(f"line {'<tab>'.join(odd):.80} has {len(odd)} columns; CoNLL-U has {COLUMNS}")
    strange = next((row[0] for row in rows if not NUMBER.fullmatch(row[0])), None)
    if strange is not None:
        raise FormatError(f"{strange!r} is no word number; expected 3, 3-4 or 8.1")
    text, words = _joined(rows)
    chosen = [row for row in rows if _is_word(row, rows)]
    keys = (reading.labels_column,) if reading.labels_column else KEYS
    said = next((line[len(TEXT) :] for line in comments if line.startswith(TEXT)), None)
    text = said if said is not None and said.rstrip(" ") == text.rstrip(" ") else text.removesuffix(" ")
    spans = spans_of_labels([_tag_of(row, rows, keys) for row in chosen]) if reading.labels else []
    return Sentence(
        text,
        reading.language,
        tuple(words),
        tuple(Span(words[first][0], words[end - 1][1], label) for first, end, label in spans),
        {"comments": [line for line in comments if not line.startswith(TEXT) or said != text], "conllu": rows},
        tokenized=True,
    )


def _joined(rows: list[list[str]]) -> tuple[str, list[tuple[int, int]]]:
    """The text that the words make with a space after each that does not say otherwise, and their places in it."""
    text, words = "", []
    for row in rows:
        if _is_word(row, rows):
            words.append((len(text), len(text) + len(row[1])))
            text += row[1] + ("" if "SpaceAfter=No" in row[MISC].split("|") else " ")
    return text, words


def _is_word(row: list[str], rows: list[list[str]]) -> bool:
    """Whether a line is a word of the text: no empty node, and not part of a multiword token."""
    number = row[0]
    if not number.isdigit():
        return "-" in number
    return not any(first <= int(number) <= last for first, last in _ranges(rows))


def _ranges(rows: list[list[str]]) -> list[tuple[int, int]]:
    """The words that each multiword token stands for."""
    numbers = [row[0].split("-") for row in rows if "-" in row[0]]
    return [(int(first), int(last)) for first, last in numbers if first.isdigit() and last.isdigit()]


def _tag_of(row: list[str], rows: list[list[str]], keys: Sequence[str]) -> str:
    parts = [row]
    if "-" in row[0]:
        first, last = _ranges([row])[0]
        parts += [other for other in rows if other[0].isdigit() and first <= int(other[0]) <= last]
    tags = [tag for part in parts if (tag := _misc_tag(part[MISC], keys)) != "O"]
    return tags[0] if tags else "O"


def _misc_tag(misc: str, keys: Sequence[str]) -> str:
    pairs = dict(item.split("=", 1) for item in misc.split("|") if "=" in item)
    return next((pairs[key] for key in keys if key in pairs), "O")


def _with_tag(misc: str, tag: str) -> str:
    items = [item for item in misc.split("|") if item != "_" and item.split("=", 1)[0] not in KEYS]
    return "|".join([*items, *([f"{KEYS[0]}={tag}"] if tag != "O" else [])]) or "_"


def _new_rows(sentence: Sentence, words: list[str]) -> list[list[str]]:
    rows = []
    for i, (word, (_, end)) in enumerate(zip(words, sentence.words, strict=True)):
        check_column(i, word, sentence.text)
        close = i + 1 < len(words) and sentence.words[i + 1][0] == end
        rows.append([str(i + 1), word, *["_"] * 7, "SpaceAfter=No" if close else "_"])
    return rows
