"""What Python calls: labels and links as streams."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from spanport.handover import OnError, aresults, results, several
from spanport.runner import Runner, SystemOptions
from spanport.types import Alignment, Pair, Projection, Sentence


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
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        ``texts`` are strings or sentences (those with words keep them); ``lang`` and ``pivot`` are language codes.
        ``system`` None is `calibrated` where the bundle holds a calibration, else `ngram`.
        Yields one `Projection` per record, in order. A record that cannot be processed raises its error at its
        place, or, with ``on_error="return"``, yields the `RecordError` instead and goes on.

        Raises LanguageError for a code that is unknown or that the bundle does not translate, UsageError for an
        unknown system and for one text in place of several.
        """
        job = self.job("label", language=lang, pivot=pivot, system=system, options=options)
        return results(self.run(job, several(texts)), on_error)

    def label_table(
        self,
        table: Any,
        *,
        column: str,
        lang: str,
        into: str = "spans",
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> Any:
        """Label a column of texts of a table of pyarrow, pandas or polars; the same kind of table comes back.

        The further column ``into`` holds the spans of each row as records: start, end, label, text, score. A row that
        cannot be processed raises its error, or, with ``on_error="return"``, has null there.

        Raises UsageError for a column that is missing, or there already; others as `label`.
        """
        from spanport.integrations.tables import checked_rows, texts_of, with_spans

        texts = texts_of(table, column)
        found = self.label(texts, lang=lang, pivot=pivot, system=system, options=options, on_error="return")
        return with_spans(table, into, checked_rows(found, column, on_error))

    def project(
        self,
        pairs: Iterable[Pair],
        *,
        system: str = "ngram",
        options: SystemOptions = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Carry the labels of each source sentence over to its target, aligning the words unless that is given.

        With ``aligned=True`` every pair brings its alignment and no model is loaded (unless the system asks for
        one). Order and errors as in `label`.
        """
        job = self.job("project", system=system, options=options, aligned=aligned)
        return results(self.run(job, several(pairs)), on_error)

    def align(self, pairs: Iterable[Pair], *, on_error: OnError = "raise") -> Iterator[Alignment]:
        """Align the words of each pair. Order and errors as in `label`."""
        return results(self.run(self.job("align"), several(pairs)), on_error)

    def alabel(
        self,
        texts: Iterable[str | Sentence] | AsyncIterable[str | Sentence],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `label`, for ``async for``; ``texts`` may be asynchronous too."""
        job = self.job("label", language=lang, pivot=pivot, system=system, options=options)
        return aresults(self.arun(job, several(texts)), on_error)

    def aproject(
        self,
        pairs: Iterable[Pair] | AsyncIterable[Pair],
        *,
        system: str = "ngram",
        options: SystemOptions = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `project`, for ``async for``."""
        job = self.job("project", system=system, options=options, aligned=aligned)
        return aresults(self.arun(job, several(pairs)), on_error)
