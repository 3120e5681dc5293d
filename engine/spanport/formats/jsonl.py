"""JSON lines: ``text`` with ``spans`` (character offsets), or ``tokens`` with ``labels``; other fields are kept.

An empty line is an empty sentence. The layouts of doccano, spaCy and Hugging Face are read as well; see `layouts`.

==========  =====================================================================================
field       meaning
==========  =====================================================================================
text        the sentence, untouched
spans       ``[{"start", "end", "label", "score"?, "text"?}]``: half-open code-point offsets; a span's
            ``text``, where given, must be what stands there (it catches offsets in bytes or UTF-16)
tokens      the words; without ``text`` they are joined by one space, with it they are found in it
labels      one IOB1, IOB2, BIOES or BILOU label per token
language    any name that `spanport.languages.resolve` knows
==========  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec

from spanport.errors import EncodingError, FormatError, LanguageError, RecordError, SpanError
from spanport.formats.layouts import to_own_layout, without_labels
from spanport.formats.lines import decode, numbered, show
from spanport.formats.records import Read, ReadResult, Rejected
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
    """The fields of a line that have a meaning; the others are carried along."""

    text: str | None = None
    tokens: list[Annotated[str, msgspec.Meta(min_length=1)]] | None = None
    labels: list[str] | None = None
    spans: list[SpanRecord] | None = None
    language: str | None = None


KNOWN = frozenset(Record.__struct_fields__)


def read_jsonl(lines: Iterable[bytes], language: str = "", labels: bool = True) -> Iterator[ReadResult]:
    """One sentence per line; `language` is that of records which name none; see `parse_record` for ``labels``."""
    for number, raw in numbered(lines):
        try:
            yield Read(number, parse_record(decode(raw, number), language, labels))
        except RecordError as error:
            error.line = number
            yield Rejected(number, error, show(raw))


def parse_record(line: str, language: str = "", labels: bool = True) -> Sentence:
    """The sentence of one line; without ``labels`` its spans and labels are not looked at.

    Raises:
        FormatError: the line is not JSON, lacks a field, or a field has the wrong type.
        SpanError: spans overlap, are empty, run past the text, or are not the text they say.
        LabelSchemeError: a label follows no known scheme.
    """
    if not line.strip():
        return Sentence("", language)
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
        fields = to_own_layout(fields) if labels else without_labels(fields)
        record = msgspec.convert(fields, Record)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f'not a record: {error}; expected {{"text": ..., "spans": [...]}}'
        raise FormatError(message, record=line) from None
    extra = {name: value for name, value in fields.items() if name not in KNOWN} or None
    try:
        language = resolve(record.language) if record.language else language
    except LanguageError as error:
        raise FormatError(str(error), record=line) from None
    sentence = _tokenized(record, language, extra) if record.tokens is not None else _plain(record, language, extra)
    if record.spans:
        spans = checked_spans(sentence.text, record.spans)
        sentence = msgspec.structs.replace(sentence, spans=spans)
    return sentence


def checked_spans(text: str, records: Sequence[SpanRecord]) -> tuple[Span, ...]:
    """The spans, ascending, after the checks that `parse_record` names."""
    spans = [Span(record.start, record.end, record.label, record.score) for record in records]
    for record, span in zip(records, spans, strict=True):
        if record.text is not None and span.end <= len(text) and record.text != text[span.start : span.end]:
            raise SpanError(
                f"span {span.start}-{span.end} ({span.label}) says {record.text!r} but the text there is "
                f"{text[span.start : span.end]!r}; offsets must count Unicode characters, not bytes or UTF-16 units"
            )
    return check_spans(text, spans)


def encode_jsonl(sentence: Sentence) -> bytes:
    """One line with the text, its spans, its tokens where they came with it, and every extra field."""
    return _line(sentence, [_span_fields(sentence.text, span) for span in sentence.spans])


def encode_jsonl_projection(projection: Projection) -> bytes:
    """One line: the target, its projected spans with their source spans, and under ``projection`` the status and
    the source text."""
    text, source = projection.target.text, projection.source
    spans: list[dict[str, Any]] = []
    for span in projection.spans:
        fields = _span_fields(text, span)
        if span.source is not None:
            fields["source"] = _span_fields(source.text, span.source)
        spans.append(fields)
    outcome = {"status": projection.status, "source": source.text, "source_language": source.language}
    return _line(projection.target, spans, {"projection": outcome})


def _line(sentence: Sentence, spans: list[dict[str, Any]], outcome: dict[str, Any] | None = None) -> bytes:
    fields: dict[str, Any] = {"text": sentence.text}
    if sentence.language:
        fields["language"] = sentence.language
    if sentence.tokenized:
        fields["tokens"] = sentence.word_texts()
    fields["spans"] = spans
    try:
        return msgspec.json.encode({**fields, **(sentence.extra or {}), **(outcome or {})}) + b"\n"
    except UnicodeEncodeError as error:
        raise EncodingError(f"lone surrogate, not valid Unicode: {error}", record=ascii(sentence.text)) from None


def _span_fields(text: str, span: Span | ProjectedSpan) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "text": text[span.start : span.end],
    }
    if span.score is not None:
        fields["score"] = span.score
    return fields


def _plain(record: Record, language: str, extra: dict[str, Any] | None) -> Sentence:
    if record.text is None:
        raise FormatError('neither "text" nor "tokens" is there')
    if record.labels is not None:
        raise FormatError('"labels" needs "tokens"')
    return Sentence(record.text, language, extra=extra)


def _tokenized(record: Record, language: str, extra: dict[str, Any] | None) -> Sentence:
    tokens = record.tokens or []
    labels = record.labels
    if labels is not None and len(labels) != len(tokens):
        raise FormatError(f"{len(tokens)} tokens but {len(labels)} labels")
    if labels is not None and record.spans:
        raise FormatError('both "labels" and "spans" are there; expected one of them')
    return sentence_of_words(tokens, spans_of_labels(labels or []), language, extra, record.text)
