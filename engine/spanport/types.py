"""The data model: immutable records that every stage reads and none changes.

Conventions: spans are half-open ``[start, end)``; words are 0-indexed; character offsets count Unicode code
points of the original text, which is never altered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Literal

import msgspec

from spanport.errors import FormatError, SpanError
from spanport.labels import iob2
from spanport.shown import html_of, shown_pair, shown_projection, shown_sentence

Status = Literal["optimal", "feasible", "infeasible", "unmet"]
"""What is known of a matching: proved best, best found, or that the constraints cannot be met."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """A labelled stretch of a text.

    ``start`` and ``end`` are character offsets (code points, half-open); ``score`` is a confidence in [0, 1] or
    None where nothing is known (gold labels).
    """

    start: int
    end: int
    label: str
    score: float | None = None

    def text_of(self, sentence: Sentence) -> str:
        """What stands there in a sentence."""
        return sentence.text[self.start : self.end]


class Sentence(msgspec.Struct, frozen=True):
    """One sentence: the original text, its language, its words and the spans on it.

    ``language`` is a code such as ``spa_Latn`` or ``es`` ("" when unknown; results have NLLB's). ``words`` holds the
    half-open character offsets of each word, ascending and disjoint. ``extra`` keeps what the input record carried
    besides (further JSONL fields), so that writing it out loses nothing. ``tokenized`` says that the words came with
    the input.
    """

    text: str
    language: str = ""
    words: tuple[tuple[int, int], ...] = ()
    spans: tuple[Span, ...] = ()
    extra: dict[str, Any] | None = None
    tokenized: bool = False

    def word_texts(self) -> list[str]:
        """The words as strings, in order."""
        text = self.text
        return [text[start:end] for start, end in self.words]

    def span_texts(self) -> list[tuple[str, str]]:
        """``(label, text)`` of each span, in order."""
        return [(span.label, self.text[span.start : span.end]) for span in self.spans]

    def word_spans(self) -> list[tuple[int, int, str]]:
        """The spans in words: ``(first word, last word + 1, label)``.

        A span that covers no word is left out; one that cuts a word takes the whole word.
        """
        return word_ranges(self.words, self.spans)

    def __repr__(self) -> str:
        return shown_sentence(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def word_ranges(words: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Half-open word ranges of character spans; see `Sentence.word_spans`."""
    ranges = []
    for span in spans:
        first = bisect_right(words, span.start, key=itemgetter(1))
        last = bisect_left(words, span.end, lo=first, key=itemgetter(0))
        if first < last:
            ranges.append((first, last, span.label))
    return ranges


def check_sentence(sentence: Sentence) -> None:
    """Refuse a sentence whose words or spans do not fit its text.

    Raises:
        FormatError: a word is empty, before the one in front of it, or runs past the text.
        SpanError: see `check_spans`.
    """
    reached = 0
    for start, end in sentence.words:
        if not reached <= start < end:
            raise FormatError(
                f"word {start}-{end} is empty or starts before {reached}, where the word before it ends; expected "
                "half-open character offsets, ascending and disjoint",
                record=sentence.text,
            )
        reached = end
    if reached > len(sentence.text):
        raise FormatError(
            f"the words reach to character {reached}, past the text, which has {len(sentence.text)} characters; "
            "offsets must count Unicode characters of this text",
            record=sentence.text,
        )
    if sentence.spans:
        check_spans(sentence.text, sentence.spans)


def check_spans(text: str, spans: Sequence[Span], *, overlapping: bool = False) -> tuple[Span, ...]:
    """The spans, ascending; ``overlapping`` ones pass if so said.

    Raises:
        SpanError: one is empty, lies outside the text or overlaps another, has no label or no score in [0, 1].
    """
    if len(spans) > 1:
        spans = sorted(spans, key=lambda span: (span.start, span.end))
    reached = 0
    for span in spans:
        fits = reached <= span.start < span.end <= len(text)
        if not fits or not span.label or not (span.score is None or 0 <= span.score <= 1):
            raise SpanError(f"span {span.start}-{span.end} ({span.label}) {_fault(text, span, reached)}", record=text)
        reached = 0 if overlapping else span.end
    return tuple(spans)


def _fault(text: str, span: Span, reached: int) -> str:
    if span.start >= span.end:
        return "is empty; the end must be past the start"
    if span.end > len(text):
        count = f"{len(text)} characters" if len(text) != 1 else "1 character"
        return (
            f"runs past the text, which has {count}; offsets must count Unicode characters, not bytes or UTF-16 "
            "units (or say which: --offsets)"
        )
    if span.start < 0:
        return "starts before the text; offsets count from 0"
    if not span.label:
        return "has no label; expected a name such as PER"
    if span.score is not None and not 0 <= span.score <= 1:
        return f"has the score {span.score}; expected a confidence in [0, 1], or None"
    return f"overlaps the span before it, which ends at {reached}; keep one of the two"


class Alignment(msgspec.Struct, frozen=True):
    """Word links of a sentence pair: ``(source word, target word)``, sorted and unique."""

    links: tuple[tuple[int, int], ...] = ()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.links)

    def __len__(self) -> int:
        return len(self.links)


class Pair(msgspec.Struct, frozen=True):
    """A labelled source sentence, its target sentence, and their word alignment where it is given."""

    source: Sentence
    target: Sentence
    alignment: Alignment | None = None

    def __repr__(self) -> str:
        return shown_pair(self)

    def _repr_html_(self) -> str:
        return html_of(self)


class ProjectedSpan(msgspec.Struct, frozen=True):
    """A span on the target text with the source span it came from.

    ``score`` is the confidence in [0, 1]. ``source`` is None where a system labels the target directly.
    """

    start: int
    end: int
    label: str
    score: float
    source: Span | None = None

    def text_of(self, sentence: Sentence) -> str:
        """What stands there in the target sentence."""
        return sentence.text[self.start : self.end]


class Projection(msgspec.Struct, frozen=True):
    """The outcome for one pair.

    ``target`` is the original target sentence (its own labels, if any, untouched); ``spans`` are the projected
    ones, ascending by start; ``source`` is the labelled source (for `label`, the translation);
    ``status``: the matching is proved "optimal"; "feasible", not proved; "infeasible", proved to be impossible under
    the constraint (no spans), or the sentence dropped by a filter; "unmet" where greedy, or a search that ran out of
    time, left an entity fewer spans than the constraint asks for.
    """

    target: Sentence
    spans: tuple[ProjectedSpan, ...]
    source: Sentence
    alignment: Alignment = Alignment()
    status: Status = "optimal"

    @property
    def optimal(self) -> bool:
        """True when the matching is proved to be the best under its score."""
        return self.status == "optimal"

    @property
    def text(self) -> str:
        """The target's text."""
        return self.target.text

    def to_dict(self) -> dict[str, Any]:
        """The record that JSON lines and tables hold; see `spanport.formats.fields.fields_of_projection`."""
        from spanport.formats.fields import fields_of_projection

        return fields_of_projection(self)

    def to_iob2(self) -> list[tuple[str, str]]:
        """The target's words with their IOB2 labels; where two spans touch the same word the first has it."""
        words = self.target.word_texts()
        return list(zip(words, iob2(len(words), self.labelled().word_spans()), strict=True))

    def labelled(self) -> Sentence:
        """The target sentence carrying the projected spans in place of its own."""
        spans = tuple(Span(s.start, s.end, s.label, s.score) for s in self.spans)
        return msgspec.structs.replace(self.target, spans=spans)

    def __repr__(self) -> str:
        return shown_projection(self)

    def _repr_html_(self) -> str:
        return html_of(self)
