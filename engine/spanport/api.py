"""What Python calls: labels and links as streams."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, closing
from typing import Any, Literal, get_args

from spanport.errors import SpanportError, StageError, UsageError
from spanport.runner import Options, Runner
from spanport.stream import Done, Outcome
from spanport.types import Alignment, Pair, Projection, Sentence

OnError = Literal["raise", "return"]
"""Whether a record that fails raises its error at its place, or its error is yielded there."""


class Engine(Runner):
    """Labels text and carries labels over, as streams: an iterable in, an iterator out, in the same order.

    Models load when a job first needs them. Use it as a context manager, or call `close`. A pickled engine is its
    recipe, bundle and options; the models load anew where it is used.

    ``align``, ``translate``, ``encode`` and ``stream`` replace the defaults of the bundle and of the options; the
    first may also name a published aligner (``simalign-itermax``, ``awesome``, ...; see `spanport.options.ALIGNERS`).
    """

    def label(
        self,
        texts: Iterable[str | Sentence],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: Options = None,
        sentences: bool = False,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        ``texts`` are strings or sentences (those with words keep them); ``lang`` and ``pivot`` are language codes.
        ``system`` None is `calibrated` where the bundle holds a calibration, else `ngram`. With ``sentences`` texts
        are documents, split by the rules of their language; spans stand where they are in the whole text.
        Yields one `Projection` per record, in order. A record that cannot be processed raises its error at its
        place, or, with ``on_error="return"``, yields the `RecordError` instead and goes on.

        Raises LanguageError for a code that is unknown or that the bundle does not translate, UsageError for an
        unknown system and for one text in place of several, RuntimeMissingError for ``sentences`` without the extra.
        """
        _several(texts)
        job = self.job("label", language=lang, pivot=pivot, system=system, options=options)
        if sentences:
            from spanport.documents import run_sentences

            return _results(run_sentences(lambda pieces: self.run(job, pieces), texts, job.language), on_error)
        return _results(self.run(job, texts), on_error)

    def label_table(
        self,
        table: Any,
        *,
        column: str,
        lang: str,
        into: str = "spans",
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: Options = None,
        sentences: bool = False,
        on_error: OnError = "raise",
    ) -> Any:
        """Label a column of texts of a table of pyarrow, pandas or polars; the same kind of table comes back.

        The further column ``into`` holds the spans of each row as records: start, end, label, text, score. A row that
        cannot be processed raises its error, or, with ``on_error="return"``, has null there.

        Raises UsageError for a column that is missing, or there already; others as `label`.
        """
        from spanport.integrations.tables import checked_rows, texts_of, with_spans

        texts = texts_of(table, column)
        how: dict[str, Any] = {"pivot": pivot, "system": system, "options": options, "sentences": sentences}
        found = self.label(texts, lang=lang, **how, on_error="return")
        return with_spans(table, into, checked_rows(found, column, on_error))

    def project(
        self,
        pairs: Iterable[Pair],
        *,
        system: str = "ngram",
        options: Options = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Carry the labels of each source sentence over to its target, aligning the words unless that is given.

        With ``aligned=True`` every pair brings its alignment and no model is loaded (unless the system asks for
        one). Order and errors as in `label`.
        """
        _several(pairs)
        job = self.job("project", system=system, options=options, aligned=aligned)
        return _results(self.run(job, pairs), on_error)

    def align(self, pairs: Iterable[Pair], *, on_error: OnError = "raise") -> Iterator[Alignment]:
        """Align the words of each pair. Order and errors as in `label`."""
        _several(pairs)
        return _results(self.run(self.job("align"), pairs), on_error)

    def alabel(
        self,
        texts: Iterable[str | Sentence] | AsyncIterable[str | Sentence],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: Options = None,
        sentences: bool = False,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `label`, for ``async for``; ``texts`` may be asynchronous too."""
        _several(texts)
        job = self.job("label", language=lang, pivot=pivot, system=system, options=options)
        if sentences:
            from spanport.documents import arun_sentences

            return _aresults(arun_sentences(lambda pieces: self.arun(job, pieces), texts, job.language), on_error)
        return _aresults(self.arun(job, texts), on_error)

    def aproject(
        self,
        pairs: Iterable[Pair] | AsyncIterable[Pair],
        *,
        system: str = "ngram",
        options: Options = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `project`, for ``async for``."""
        _several(pairs)
        job = self.job("project", system=system, options=options, aligned=aligned)
        return _aresults(self.arun(job, pairs), on_error)


def _several(records: Any) -> None:
    """Raise UsageError where there is one record in place of several."""
    if isinstance(records, str | bytes | Sentence | Pair):
        raise UsageError(f"expected several records, in a list for example, but got one {type(records).__name__}")


def _results(outcomes: Iterator[Outcome], on_error: OnError) -> Iterator[Any]:
    """What callers get; closing it closes the stream.

    Raises UsageError, at once, for another ``on_error``, and, with "raise", the error of a record that failed, or
    StageError around one not of our tree.
    """
    _check(on_error)

    def found() -> Iterator[Any]:
        with closing(outcomes):  # type: ignore[type-var]
            for outcome in outcomes:
                yield _result(outcome, on_error)

    return found()


def _aresults(outcomes: AsyncIterator[Outcome], on_error: OnError) -> AsyncIterator[Any]:
    """As `_results`, for ``async for``."""
    _check(on_error)

    async def found() -> AsyncIterator[Any]:
        async with aclosing(outcomes):  # type: ignore[type-var]
            async for outcome in outcomes:
                yield _result(outcome, on_error)

    return found()


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
