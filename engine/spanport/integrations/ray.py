"""Columns of labels on Arrow batches: callables for Ray Data's ``map_batches``, one engine an actor.

``ds.map_batches(Label, fn_constructor_kwargs={"lang": "es"}, batch_format="pyarrow", num_cpus=4)``

They need pyarrow alone, so that Spark's ``mapInArrow`` takes them too. Rows keep their order within a batch and all
their columns; one that numbers the rows brings batches back in order.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from spanport.api import Engine
from spanport.errors import RecordError, UsageError
from spanport.formats.fields import sentence_of_fields
from spanport.formats.pharaoh import parse_links
from spanport.formats.records import Reading
from spanport.integrations.tables import texts_of, with_spans
from spanport.languages import resolve
from spanport.runner import Options
from spanport.stream import Failed
from spanport.types import Pair, Projection, Sentence

__all__ = ["Label", "Project"]


class Label:
    """Labels a column of texts: ``Label(lang="es")(table)`` is the table with the columns ``spans`` and ``error``.

    A row that fails has null spans, and the reason in its ``error``, which is null elsewhere. The models load once,
    with the first batch; an actor of Ray works on as many batches at once as it was given cores.

    Args:
        bundle: name or folder of the bundle, which must be there on every machine, or an engine.
        lang, pivot, system, options: as for `spanport.Engine.label`.
        column: the column of the texts.
        into, errors: the columns that spans and reasons are put into.
        min_confidence: spans of less are left out.

    Raises:
        LanguageError: a language is unknown or not one of the bundle.
        ModelError: there is no such bundle.
        UsageError: there is no such system; on a call, the column is missing, or those to make are there already.
    """

    def __init__(
        self,
        bundle: str | Engine = "mini",
        *,
        lang: str,
        pivot: str = "eng_Latn",
        column: str = "text",
        into: str = "spans",
        errors: str = "error",
        system: str | None = None,
        options: Options = None,
        min_confidence: float = 0.0,
    ) -> None:
        self.engine = engine_of(bundle)
        self.column, self.into, self.errors, self.min_confidence = column, into, errors, min_confidence
        self._how: Any = {"lang": lang, "pivot": pivot, "system": system, "options": options}
        self.job = self.engine.job("label", language=lang, pivot=pivot, system=system, options=options)

    def __call__(self, batch: Any) -> Any:
        """The pyarrow table (or record batch) with its columns of spans and errors."""
        found = self.engine.label(texts_of(batch, self.column), **self._how, on_error="return")
        return with_outcomes(batch, self.into, self.errors, found, self.min_confidence)


class Project:
    """Carries the labels of one column of sentences over to another: parallel text, a pair a row.

    ``Project(source_lang="en", lang="es")(table)`` reads the columns ``source``, ``labels`` and ``target`` and adds
    ``spans`` and ``error``, as `Label` does.

    Args:
        bundle, system, options: as for `spanport.Engine.project`.
        source, target: columns of the sentences: texts, or lists of words.
        labels: the column of the source's labels: lists of spans (start, end, label), or of one IOB2 tag a word.
        links: a column of alignments such as ``"0-0 1-2"``; the words are aligned where it is not given.
        source_lang, lang: languages of the two sides.
        into, errors, min_confidence: as for `Label`.

    Raises:
        LanguageError, ModelError, UsageError: as `Label`.
    """

    def __init__(
        self,
        bundle: str | Engine = "mini",
        *,
        source_lang: str,
        lang: str,
        source: str = "source",
        labels: str = "labels",
        target: str = "target",
        links: str | None = None,
        into: str = "spans",
        errors: str = "error",
        system: str = "ngram",
        options: Options = None,
        min_confidence: float = 0.0,
    ) -> None:
        self.engine = engine_of(bundle)
        self.into, self.errors, self.min_confidence = into, errors, min_confidence
        self.columns = [source, labels, target, *([links] if links else [])]
        self._languages = Reading(language=resolve(source_lang)), Reading(language=resolve(lang))
        self._how: Any = {"system": system, "options": options, "aligned": links is not None}
        self.job = self.engine.job("project", **self._how)

    def __call__(self, batch: Any) -> Any:
        """The pyarrow table (or record batch) with its columns of spans and errors."""
        rows = zip(*(texts_of(batch, column) for column in self.columns), strict=True)
        found = self.engine.project([self._pair(*row) for row in rows], **self._how, on_error="return")  # type: ignore[misc]
        return with_outcomes(batch, self.into, self.errors, found, self.min_confidence)

    def _pair(self, source: Any, labels: Any, target: Any, links: str | None = None) -> Pair | Failed:
        """The pair of a row, or why there is none."""
        tags = labels is not None and bool(labels) and isinstance(labels[0], str)
        try:
            left = _sentence(source, self._languages[0], {"labels" if tags else "spans": labels})
            right = _sentence(target, self._languages[1])
            return Pair(left, right, parse_links(links or "")[0] if self._how["aligned"] else None)
        except RecordError as error:
            return Failed(None, error)


def engine_of(bundle: str | Engine) -> Engine:
    """The engine of a bundle, with as many threads as an actor of Ray has cores; elsewhere one per core."""
    if isinstance(bundle, Engine):
        return bundle
    threads = None
    if "ray" in sys.modules and (ray := sys.modules["ray"]).is_initialized():
        threads = max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1)))
    return Engine.from_bundle(bundle, threads=threads)


def with_outcomes(
    batch: Any, into: str, errors: str, outcomes: Iterable[Projection | RecordError], min_confidence: float
) -> Any:
    """The batch with the spans of every row and, where it has none because it failed, the reason.

    Raises UsageError where there is such a column already.
    """
    import pyarrow as pa

    if errors in batch.schema.names:
        raise UsageError(f"the table has a column {errors!r} already; name another with errors=")
    found = [_sure(outcome, min_confidence) for outcome in outcomes]
    reasons = pa.array([str(one) if isinstance(one, RecordError) else None for one in found], pa.string())
    return with_spans(batch, into, found).append_column(errors, reasons)


def _sure(outcome: Projection | RecordError, least: float) -> Projection | RecordError:
    if not least or not isinstance(outcome, Projection):
        return outcome
    return msgspec.structs.replace(outcome, spans=tuple(span for span in outcome.spans if span.score >= least))


def _sentence(value: Any, reading: Reading, labels: dict[str, Any] | None = None) -> Sentence:
    fields = {"tokens" if isinstance(value, list) else "text": value, **(labels or {})}
    return sentence_of_fields({name: value for name, value in fields.items() if value is not None}, reading)
