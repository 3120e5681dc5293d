"""Records of named fields: how JSON lines, tables and data sets hold a sentence.

==========  =====================================================================================
field       meaning
==========  =====================================================================================
text        the sentence, untouched
spans       ``[{"start", "end", "label", "score"?, "text"?}]``: half-open code-point offsets; a span's
            ``text``, where given, must be what stands there (it catches offsets in bytes or UTF-16)
tokens      the words; without ``text`` they are joined by one space, with it they are found in it
labels      one IOB1, IOB2, BIOES or BILOU label per token; beside ``spans`` they must say the same
language    any name that `spanport.languages.resolve` knows
==========  =====================================================================================

The layouts of doccano, spaCy and Hugging Face are read as well; see `layouts`. Other fields are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from spanport.errors import FormatError, LanguageError, SpanError
from spanport.formats.layouts import choose_labels, to_own_layout, without_labels
from spanport.formats.offsets import to_codepoints
from spanport.formats.records import Offsets, Reading
from spanport.formats.tokenized import sentence_of_words
from spanport.labels import spans_of_labels
from spanport.languages import resolve
from spanport.types import ProjectedSpan, Projection, Sentence, Span, check_spans

Offset = Annotated[int, msgspec.Meta(ge=0)]


class SpanRecord(msgspec.Struct, frozen=True):
    """A span as it stands in a file."""

    start: Offset
    end: Offset
    label: Annotated[str, msgspec.Meta(min_length=1)]
    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    text: str | None = None


class Record(msgspec.Struct, frozen=True):
    """The fields that have a meaning; the others are carried along."""

    text: str | None = None
    tokens: list[Annotated[str, msgspec.Meta(min_length=1)]] | None = None
    labels: list[str] | None = None
    spans: list[SpanRecord] | None = None
    language: str | None = None


KNOWN = frozenset(Record.__struct_fields__)


def sentence_of_fields(fields: dict[str, Any], reading: Reading) -> Sentence:
    """The sentence of a record.

    Raises:
        FormatError: a field is missing, has the wrong type, or does not fit the others.
        SpanError: spans are empty, run past the text, or are not the text they say.
        LabelSchemeError: a label follows no known scheme.
    """
    fields = _renamed(fields, reading)
    fields = to_own_layout(fields) if reading.labels else without_labels(fields)
    try:
        record = msgspec.convert(fields, Record)
    except msgspec.ValidationError as error:
        raise FormatError(f'not a record: {error}; expected {{"text": ..., "spans": [...]}}') from None
    extra = {name: value for name, value in fields.items() if name not in KNOWN} or None
    try:
        language = resolve(record.language) if record.language else reading.language
    except LanguageError as error:
        raise FormatError(str(error)) from None
    sentence = _tokenized(record, language, extra) if record.tokens is not None else _plain(record, language, extra)
    if not record.spans:
        return sentence
    found = msgspec.structs.replace(sentence, spans=_spans(sentence.text, record.spans, reading.offsets))
    if record.labels and found.word_spans() != sentence.word_spans():
        raise FormatError('both "labels" and "spans" are there and say different things; remove one of them')
    return found


def fields_of(sentence: Sentence) -> dict[str, Any]:
    """The record of a sentence: its text, spans, tokens where they came with it, and every extra field."""
    return _fields(sentence, [span_fields(sentence.text, span) for span in sentence.spans], {})


def fields_of_projection(projection: Projection, *, links: bool = False) -> dict[str, Any]:
    """The record of the target, its projected spans with their source spans, and under ``projection`` the status and
    the source text; with ``links`` also the word links, and the words of the source where these came with it."""
    text, source = projection.target.text, projection.source
    spans: list[dict[str, Any]] = []
    for span in projection.spans:
        fields = span_fields(text, span)
        if span.source is not None:
            fields["source"] = span_fields(source.text, span.source)
        spans.append(fields)
    outcome: dict[str, Any] = {
        "status": projection.status,
        "source": source.text,
        "source_language": source.language,
    }
    if links:
        outcome["links"] = list(projection.alignment)
        if source.tokenized:
            outcome["source_tokens"] = source.word_texts()
    return _fields(projection.target, spans, {"projection": outcome})


def span_fields(text: str, span: Span | ProjectedSpan) -> dict[str, Any]:
    """A span with the text that stands there, and its score where it has one."""
    fields: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "text": text[span.start : span.end],
    }
    if span.score is not None:
        fields["score"] = span.score
    return fields


def _fields(sentence: Sentence, spans: list[dict[str, Any]], outcome: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"text": sentence.text}
    if sentence.language:
        fields["language"] = sentence.language
    if sentence.tokenized:
        fields["tokens"] = sentence.word_texts()
    fields["spans"] = spans
    return {**fields, **(sentence.extra or {}), **outcome}


def _renamed(fields: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The record with the columns that were named under our names."""
    for column, own in ((reading.text_column, "text"), (reading.tokens_column, "tokens")):
        if column is None or column == own:
            continue
        if column not in fields:
            raise FormatError(f"there is no field {column!r}; there are {', '.join(map(repr, fields)) or 'none'}")
        if fields.get(own) is not None:
            raise FormatError(f"{column!r} would replace {own!r}, which is there too; rename one of them")
        fields = {own if name == column else name: value for name, value in fields.items() if name != own}
    return choose_labels(fields, reading.labels_column) if reading.labels_column and reading.labels else fields


def _spans(text: str, records: Sequence[SpanRecord], unit: Offsets) -> tuple[Span, ...]:
    spans = to_codepoints(
        text, [Span(record.start, record.end, record.label, record.score) for record in records], unit
    )
    for record, span in zip(records, spans, strict=True):
        if record.text is not None and span.end <= len(text) and record.text != text[span.start : span.end]:
            raise SpanError(
                f"span {record.start}-{record.end} ({span.label}) says {record.text!r} but the text there is "
                f"{text[span.start : span.end]!r}; offsets must count Unicode characters, not bytes or UTF-16 units "
                "(or say which: --offsets)"
            )
    return check_spans(text, spans, overlapping=True)


def _plain(record: Record, language: str, extra: dict[str, Any] | None) -> Sentence:
    if record.text is None:
        raise FormatError('neither "text" nor "tokens" is there')
    if record.labels is not None:
        raise FormatError('"labels" needs "tokens"')
    return Sentence(record.text, language, extra=extra)


def _tokenized(record: Record, language: str, extra: dict[str, Any] | None) -> Sentence:
    tokens, labels = record.tokens or [], record.labels
    if labels is not None and len(labels) != len(tokens):
        raise FormatError(f"{len(tokens)} tokens but {len(labels)} labels")
    return sentence_of_words(tokens, spans_of_labels(labels or []), language, extra, record.text)
