"""spaCy's DocBin files (``.spacy``): documents with their entities, or with a span group where spans overlap.

Written documents have the very text of their sentence, and a token boundary wherever a span begins or ends, so that
no span is lost. Scores, language and further fields are kept in the documents' user data. A span group that is read
is ``sc`` (spaCy's own name for it), else the only one that there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from os import fspath
from typing import Any

import msgspec

from spanport.errors import FormatError, RecordError, SpanError, UsageError
from spanport.formats.arrow import table_path
from spanport.formats.extras import library
from spanport.formats.fields import span_fields
from spanport.formats.lines import Source, unpacked
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.staged import Staged
from spanport.formats.tokenized import sentence_of_words
from spanport.types import Sentence, Span, check_spans
from spanport.words import with_words

EXTRA = "spacy"
GROUP = "sc"
KEY = "spanport"
"""Of the documents' user data: what a `Doc` cannot say itself, as JSON."""


def read_docbin(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per document.

    Raises:
        UsageError: at once, when spaCy cannot read the file.
    """
    path = table_path(source, "DocBin")
    spacy, tokens = library("spacy", EXTRA), library("spacy.tokens", EXTRA)
    vocab = spacy.blank("xx").vocab
    try:
        with unpacked(path) as file:
            documents = tokens.DocBin(store_user_data=True).from_bytes(file.read())
    except FormatError:
        raise
    except OSError as error:
        raise UsageError(f"cannot open {path}: {error.strerror or error}") from error
    except Exception as error:  # whatever its parts (zlib, msgpack, numpy) raise
        raise UsageError(
            f"{path} cannot be read as DocBin by spaCy {spacy.__version__}, perhaps because another version wrote it "
            f"({type(error).__name__}: {error}); convert it there"
        ) from error
    return _read(documents, vocab, reading)


def save_docbin(path: str, records: Staged) -> None:
    """Write the records as documents."""
    spacy, tokens = library("spacy", EXTRA), library("spacy.tokens", EXTRA)
    vocab = spacy.blank("xx").vocab
    documents = tokens.DocBin(store_user_data=True)
    for fields, sentence in records.sentences():
        documents.add(document(vocab, sentence, fields))
    documents.to_disk(fspath(path))


def document(vocab: Any, sentence: Sentence, fields: dict[str, Any] | None = None) -> Any:
    """A sentence as a ``Doc``; of the ``fields`` of its record user data keep what a `Doc` cannot say."""
    tokens = library("spacy.tokens", EXTRA)
    words, spaces = _pieces(with_words(sentence))
    doc = tokens.Doc(vocab, words=words, spaces=spaces)
    spans = [doc.char_span(span.start, span.end, label=span.label) for span in sentence.spans]
    try:
        check_spans(sentence.text, sentence.spans)
        doc.set_ents(spans)
    except SpanError:
        doc.spans[GROUP] = spans
    kept = {name: value for name, value in (fields or {}).items() if name not in ("text", "spans")}
    if any(span.score is not None for span in sentence.spans):
        kept["spans"] = [span_fields(sentence.text, span) for span in sentence.spans]
    doc.user_data[KEY] = msgspec.json.encode(kept).decode()
    return doc


def sentence_of(doc: Any, reading: Reading) -> Sentence:
    """The sentence of a ``Doc``.

    Raises:
        FormatError: it has several span groups, none of them called ``sc``.
    """
    kept = msgspec.json.decode(doc.user_data.get(KEY, "{}"), type=dict[str, Any])
    scored = [msgspec.convert(span, Span) for span in kept.pop("spans", ())]
    language = kept.pop("language", reading.language)
    words, tokenized = tuple((token.idx, token.idx + len(token)) for token in doc if not token.is_space), True
    if KEY in doc.user_data:
        tokenized = "tokens" in kept
        words = sentence_of_words(kept.pop("tokens"), text=doc.text).words if tokenized else ()
    spans = tuple(scored or _spans(doc)) if reading.labels else ()
    check_spans(doc.text, spans, overlapping=True)
    return Sentence(doc.text, language, words, spans, kept or None, tokenized)


def _read(documents: Any, vocab: Any, reading: Reading) -> Iterator[ReadResult]:
    docs = documents.get_docs(vocab)
    for number in range(1, len(documents) + 1):
        try:
            doc = next(docs)
        except Exception as broken:  # whatever spaCy raises; after it no document can be read
            why = f"spaCy cannot make documents from {number} on, perhaps because another version wrote them"
            for lost in range(number, len(documents) + 1):
                yield Rejected(lost, FormatError(f"{why} ({type(broken).__name__}: {broken})", line=lost), "")
            return
        try:
            yield Read(number, sentence_of(doc, reading))
        except (RecordError, msgspec.MsgspecError) as raised:
            error = raised if isinstance(raised, RecordError) else FormatError(f"user data: {raised}")
            error.line = number
            yield Rejected(number, error, doc.text)


def _spans(doc: Any) -> list[Span]:
    groups = {name: list(group) for name, group in doc.spans.items() if len(group)}
    if len(groups) > 1 and GROUP not in groups and not doc.ents:
        raise FormatError(f"there are span groups {', '.join(groups)}; rename the one to read to {GROUP!r}")
    found = doc.ents or groups.get(GROUP) or next(iter(groups.values()), [])
    spans = [Span(span.start_char, span.end_char, span.label_) for span in found]
    return sorted(spans, key=lambda span: (span.start, span.end))


def _pieces(sentence: Sentence) -> tuple[list[str], list[bool]]:
    """Words and gaps of a text, cut where spans begin and end; and whether one space follows each."""
    text = sentence.text
    cuts = {0, len(text), *(at for span in sentence.spans for at in (span.start, span.end))}
    cuts |= {at for word in sentence.words for at in word}
    words: list[str] = []
    spaces: list[bool] = []
    kept_starts = {start for start, _ in (*sentence.words, *((s.start, s.end) for s in sentence.spans))}
    kept_ends = {span.end for span in sentence.spans}
    ordered = sorted(cuts)
    for start, end in pairwise(ordered):
        follows = text[start:end] == " " and start not in kept_starts and end not in kept_ends
        if follows and words and not spaces[-1]:
            spaces[-1] = True
        else:
            words.append(text[start:end])
            spaces.append(False)
    return words, spaces
