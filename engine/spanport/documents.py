"""Documents as their sentences: split by language, and put together again with spans where they stand in the whole.

The splitter is the library ``sentencex`` (Wikimedia's, for every language of Wikipedia), behind the extra
``sentences``. No word that came with a document is cut, and no labelled span: what they join stays one sentence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, closing
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from spanport.errors import RecordError
from spanport.formats.extras import check_library, library
from spanport.languages import languages
from spanport.stream import Done, Failed, Outcome
from spanport.types import Alignment, Projection, Sentence, Span, Status
from spanport.work import Work, target_of

EXTRA = "sentences"
WORST: tuple[Status, ...] = ("optimal", "feasible", "unmet", "infeasible")
"""Of several sentences a document has the last."""


class Piece(NamedTuple):
    """A sentence of a document, and the character at which it begins there."""

    start: int
    sentence: Sentence


def split_document(document: Sentence) -> list[Piece]:
    """The sentences, without the white space around them; of a blank document one, which is the document.

    Raises RuntimeMissingError where the splitter is not installed.
    """
    text, cuts = document.text, list[tuple[int, int]]()
    whole = [*document.words, *((span.start, span.end) for span in document.spans)]
    try:
        bounds = list(_bounds(text, document.language))
    except UnicodeEncodeError:
        bounds = []  # half of a surrogate pair: rejected as a whole where its words are looked for
    for begin, end in bounds:
        if cuts and any(start < begin < stop for start, stop in whole):
            begin, _ = cuts.pop()
        cuts.append((begin, end))
    pieces = []
    for begin, end in cuts:
        inner = text[begin:end].strip()
        if inner:
            start = begin + text[begin:end].index(inner)
            pieces.append(Piece(start, _part(document, start, start + len(inner))))
    return pieces or [Piece(0, document)]


def joined(document: Sentence, starts: Sequence[int], found: Sequence[Projection]) -> Projection:
    """The projection onto a document of those onto its sentences, its source their sources, a space between each."""
    sources, words, source_words, spans, links = list[str](), list[Any](), list[Any](), list[Any](), list[Any]()
    at = 0
    for start, one in zip(starts, found, strict=True):
        links += [(i + len(source_words), j + len(words)) for i, j in one.alignment]
        words += _moved(one.target.words, start)
        source_words += _moved(one.source.words, at)
        for span in one.spans:
            origin = None if span.source is None else _shifted(span.source, at)
            spans.append(replace(span, start=span.start + start, end=span.end + start, source=origin))
        sources.append(one.source.text)
        at += len(one.source.text) + 1
    source = Sentence(" ".join(sources), found[0].source.language, tuple(source_words))
    status = max((one.status for one in found), key=WORST.index)
    target = replace(document, language=found[0].target.language, words=document.words or tuple(words))
    return Projection(target, tuple(spans), source, Alignment(tuple(links)), status)


class Documents:
    """Between documents and a job over sentences: `split` on the way in, `join` on the way out, in order."""

    def __init__(self) -> None:
        self._open: deque[tuple[Sentence | None, list[int]]] = deque()

    def split(self, records: Iterable[Any], skip: int = 0) -> Iterator[Any]:
        """The sentences of documents; what failed already passes. Of the first ``skip`` none will come back."""
        for number, record in enumerate(records):
            pieces = None if isinstance(record, Failed) else split_document(record)
            if number >= skip:
                self._open.append((record, [piece.start for piece in pieces]) if pieces else (None, [0]))
            yield from [piece.sentence for piece in pieces] if pieces else [record]

    async def asplit(self, records: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """As `split`, for ``async for``."""
        async for record in records:
            for piece in self.split([record]):
                yield piece

    def join(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """The outcome of every document; one of which a sentence failed has failed."""
        with closing(outcomes):  # type: ignore[type-var]
            for first in outcomes:
                yield self._whole([first, *islice(outcomes, self._more())])

    async def ajoin(self, outcomes: AsyncIterator[Outcome]) -> AsyncIterator[Outcome]:
        """As `join`, for ``async for``."""
        async with aclosing(outcomes):  # type: ignore[type-var]
            async for first in outcomes:
                yield self._whole([first, *[await anext(outcomes) for _ in range(self._more())]])

    def _more(self) -> int:
        """How many sentences of the next document there are after its first."""
        return len(self._open[0][1]) - 1

    def _whole(self, every: list[Outcome]) -> Outcome:
        """The outcome of the next document, of those of its sentences."""
        document, starts = self._open.popleft()
        bad = next((i for i, one in enumerate(every) if isinstance(one, Failed)), None)
        if document is None:
            return every[0]
        if bad is None:
            return Done(joined(document, starts, [one.value for one in every if isinstance(one, Done)]), document)
        return _failed(document, every[bad], bad, len(every))


def run_sentences(
    run: Callable[[Iterable[Any]], Iterator[Outcome]], texts: Iterable[Any], language: str
) -> Iterator[Outcome]:
    """The outcome of every document (strings, or sentences) of a job over their sentences.

    Raises RuntimeMissingError, at once, where the splitter is not installed.
    """
    check_library(EXTRA)
    documents = Documents()
    return documents.join(run(documents.split(_document(text, language) for text in texts)))


def arun_sentences(
    run: Callable[[Any], AsyncIterator[Outcome]], texts: Iterable[Any] | AsyncIterable[Any], language: str
) -> AsyncIterator[Outcome]:
    """As `run_sentences`, for ``async for``."""
    check_library(EXTRA)
    documents = Documents()
    if isinstance(texts, AsyncIterable):
        return documents.ajoin(run(documents.asplit(_document(text, language) async for text in texts)))
    return documents.ajoin(run(documents.split(_document(text, language) for text in texts)))


def _document(text: Any, language: str) -> Any:
    """A text as a document; what it fails by where it is none."""
    ready = target_of(text, language)
    return ready.target if isinstance(ready, Work) else ready


def count_sentences(records: Iterable[Any]) -> int:
    """How many records `Documents.split` makes of these."""
    return sum(1 if isinstance(record, Failed) else len(split_document(record)) for record in records)


Splitter = Callable[[str, str], list[dict[str, Any]]]


def _bounds(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Half-open character ranges of the sentences, one after the other."""
    boundaries: Splitter = library("sentencex", EXTRA).get_sentence_boundaries
    for found in boundaries(_code(language), text):
        yield found["start_index"], found["end_index"]


@cache
def _code(language: str) -> str:
    """The language as the splitter knows it: by two letters where there are two, English where none is known."""
    if not language:
        return "en"
    known = languages()[language]
    return next((name for name in known.aliases if len(name) == 2), language.partition("_")[0])


def _part(document: Sentence, start: int, end: int) -> Sentence:
    words = tuple([(a - start, b - start) for a, b in document.words if start <= a and b <= end])
    spans = tuple([_shifted(span, -start) for span in document.spans if start <= span.start and span.end <= end])
    return replace(document, text=document.text[start:end], words=words, spans=spans)


def _moved(words: Iterable[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    return [(start + by, end + by) for start, end in words]


def _shifted(span: Span, by: int) -> Span:
    return replace(span, start=span.start + by, end=span.end + by)


def _failed(document: Sentence, outcome: Outcome, number: int, count: int) -> Outcome:
    assert isinstance(outcome, Failed)
    if not isinstance(outcome.error, RecordError) or count == 1:
        return Failed(document, outcome.error, outcome.stage)
    error = RecordError(f"sentence {number + 1} of {count}: {outcome.error}", record=document.text)
    return Failed(document, error, outcome.stage)
