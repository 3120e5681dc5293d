"""The two ends of a stream: what callers give becomes `Work`, and outcomes become what they asked for."""

from __future__ import annotations

import reprlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any, Literal, get_args

import msgspec

from spanport.errors import RecordError, SpanportError, StageError, UsageError
from spanport.job import Job
from spanport.stream import Done, Failed, Outcome
from spanport.types import Pair, Sentence, check_sentence
from spanport.work import Work

OnError = Literal["raise", "return"]
"""Whether a record that fails raises its error at its place, or its error is yielded there."""


_NONE_YET = Sentence("")
"""The source of a text to label, until it is translated."""


def several(records: Any) -> Any:
    """Records to iterate over; UsageError where there is one in place of several."""
    if isinstance(records, str | bytes | Sentence | Pair):
        raise UsageError(f"expected several records, in a list for example, but got one {type(records).__name__}")
    return records


def preparation(job: Job) -> Callable[[Any], Work | Failed]:
    """What makes a record of a job of what callers give."""
    return (lambda text: target_of(text, job.language)) if job.task == "label" else work_of


def target_of(text: Any, lang: str) -> Work | Failed:
    """A sentence or a string to label; what its reader rejected stays as it is, and what does not fit is rejected."""
    if isinstance(text, Failed):
        return text
    if isinstance(text, str):
        return Work(_NONE_YET, Sentence(text, lang))
    if not isinstance(text, Sentence):
        return _unknown(text, "a str or a Sentence")
    try:
        check_sentence(text)
    except RecordError as error:
        return Failed(text, error)
    return Work(_NONE_YET, msgspec.structs.replace(text, language=lang))


def work_of(pair: Any) -> Work | Failed:
    """A pair to project or align; what its reader rejected stays as it is, and what does not fit is rejected."""
    if isinstance(pair, Failed):
        return pair
    if not isinstance(pair, Pair) or not (isinstance(pair.source, Sentence) and isinstance(pair.target, Sentence)):
        return _unknown(pair, "a Pair of two Sentences")
    try:
        check_sentence(pair.source)
        check_sentence(pair.target)
    except RecordError as error:
        return Failed(pair, error)
    return Work(pair.source, pair.target, alignment=pair.alignment)


def _unknown(record: Any, expected: str) -> Failed:
    said = reprlib.repr(record)  # whatever it is, and whatever its own repr raises
    return Failed(record, RecordError(f"the record is {said} ({type(record).__name__}); expected {expected}"))


async def amap(prepare: Callable[[Any], Any], records: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """`map` over asynchronous records."""
    async for record in records:
        yield prepare(record)


def results(outcomes: Iterator[Outcome], on_error: OnError) -> Iterator[Any]:
    """What callers get; closing it closes the stream.

    Raises UsageError for another ``on_error``, and, with "raise", the error of a record that failed, or StageError
    around one not of our tree.
    """
    _check(on_error)
    return _results(outcomes, on_error)


def _results(outcomes: Iterator[Outcome], on_error: OnError) -> Iterator[Any]:
    with closing(outcomes):  # type: ignore[type-var]
        for outcome in outcomes:
            yield _result(outcome, on_error)


def aresults(outcomes: AsyncIterator[Outcome], on_error: OnError) -> AsyncIterator[Any]:
    """As `results`, for ``async for``."""
    _check(on_error)
    return _aresults(outcomes, on_error)


async def _aresults(outcomes: AsyncIterator[Outcome], on_error: OnError) -> AsyncIterator[Any]:
    async with aclosing(outcomes):  # type: ignore[type-var]
        async for outcome in outcomes:
            yield _result(outcome, on_error)


def _check(on_error: str) -> None:
    if on_error not in get_args(OnError):
        raise UsageError(f"on_error={on_error!r}: expected {' or '.join(map(repr, get_args(OnError)))}")


def _result(outcome: Outcome, on_error: OnError) -> Any:
    if isinstance(outcome, Done):
        return outcome.value
    if on_error == "return":
        return outcome.error
    if isinstance(outcome.error, SpanportError):
        raise outcome.error
    raise StageError(f"stage {outcome.stage!r} failed: {outcome.error!r}") from outcome.error
