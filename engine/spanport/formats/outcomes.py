"""Reading back what a job wrote as JSON lines: projections with the source that they come from."""

from __future__ import annotations

import msgspec

from spanport.errors import FormatError
from spanport.formats.lines import read_lines
from spanport.formats.records import Read
from spanport.formats.tokenized import locate
from spanport.types import Alignment, ProjectedSpan, Projection, Sentence, Span, Status


class _Labelled(msgspec.Struct):
    start: int
    end: int
    score: float
    source: Span | None = None


class _Outcome(msgspec.Struct):
    source: str
    status: Status
    source_language: str = ""
    links: tuple[tuple[int, int], ...] = ()
    source_tokens: list[str] | None = None


class _Line(msgspec.Struct):
    projection: _Outcome
    spans: list[_Labelled]


class Outcomes:
    """The projections behind the sentences of a file of JSON lines, asked for in the order of the file."""

    def __init__(self, path: str) -> None:
        self._lines = enumerate(read_lines(path), 1)

    def __call__(self, result: Read) -> Sentence | Projection:
        """The projection of which a sentence is the target; the sentence itself where no job wrote its line."""
        raw = next((line for number, line in self._lines if number == result.line), b"")
        try:
            return _projection(result.sentence, msgspec.json.decode(raw, type=_Line))
        except (msgspec.DecodeError, FormatError, RecursionError):
            return result.sentence


def _projection(sentence: Sentence, line: _Line) -> Projection:
    """The projection whose target is the sentence; of the spans of its source those that were projected are known."""
    outcome, written = line.projection, {(span.start, span.end): span for span in line.spans}
    known = {span.source for span in line.spans if span.source is not None}
    ordered = tuple(sorted(known, key=lambda span: (span.start, span.end)))
    words = () if outcome.source_tokens is None else tuple(locate(outcome.source_tokens, outcome.source))
    source = Sentence(outcome.source, outcome.source_language, words, ordered, tokenized=bool(words))
    spans = []
    for span in sentence.spans:
        found = written[span.start, span.end]
        spans.append(ProjectedSpan(span.start, span.end, span.label, found.score, found.source))
    extra = {name: value for name, value in (sentence.extra or {}).items() if name != "projection"} or None
    target = msgspec.structs.replace(sentence, spans=(), extra=extra)
    return Projection(target, tuple(spans), source, Alignment(outcome.links), outcome.status)
