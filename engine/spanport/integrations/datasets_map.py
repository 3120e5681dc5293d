"""A function for ``datasets.Dataset.map`` that labels a column."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import msgspec

from spanport.api import Engine
from spanport.errors import RecordError
from spanport.formats.fields import span_fields
from spanport.languages import resolve
from spanport.types import Projection


class Mapper(msgspec.Struct, frozen=True, kw_only=True):
    """Labels the texts of a batch: ``dataset.map(mapper(lang="es"), batched=True, num_proc=2)``.

    It is nothing but its settings and the digest of the bundle, so that it can be sent to other processes and hashes
    alike as long as its results are; the models are loaded once in each process.
    """

    bundle: str
    digest: str
    lang: str
    pivot: str
    column: str
    into: str
    system: str | None
    threads: int | None
    sentences: bool
    on_error: str

    def __call__(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """The spans of every text: start, end, label, text, score; none, and the reason beside it, where it failed.

        Raises RecordError for a text that cannot be processed, unless ``on_error`` is "return".
        """
        engine = _engine(self.bundle, self.threads, os.getpid())
        how: dict[str, Any] = {"lang": self.lang, "pivot": self.pivot, "system": self.system}
        how |= {"sentences": self.sentences, "on_error": self.on_error}
        found = list(engine.label(batch[self.column], **how))
        columns: dict[str, list[Any]] = {self.into: [_spans(outcome) for outcome in found]}
        if self.on_error == "return":
            columns["error"] = [str(one) if isinstance(one, RecordError) else None for one in found]
        return columns


def mapper(
    bundle: str = "mini",
    *,
    lang: str,
    pivot: str = "eng_Latn",
    column: str = "text",
    into: str = "spans",
    system: str | None = None,
    threads: int | None = None,
    sentences: bool = False,
    on_error: str = "raise",
) -> Mapper:
    """A function that adds the spans of a column of texts to a data set; see `Mapper`.

    Args:
        bundle, lang, pivot, system, sentences, on_error: as for `spanport.Engine.label`.
        column: the column of the texts.
        into: the column that the spans are put into.
        threads: batches worked on at once in each process.

    Raises:
        LanguageError: a language is unknown or not one of the bundle.
        ModelError: there is no such bundle.
    """
    engine = Engine.from_bundle(bundle, threads=threads)
    job = engine.job("label", language=lang, pivot=pivot, system=system)
    return Mapper(
        bundle=bundle,
        digest=job.models,
        lang=resolve(lang),
        pivot=resolve(pivot),
        column=column,
        into=into,
        system=system,
        threads=threads,
        sentences=sentences,
        on_error=on_error,
    )


@lru_cache(maxsize=4)
def _engine(bundle: str, threads: int | None, process: int) -> Engine:
    """The engine of a process; one that was forked makes its own."""
    return Engine.from_bundle(bundle, threads=threads)


def _spans(outcome: Projection | RecordError) -> list[dict[str, Any]]:
    if not isinstance(outcome, Projection):
        return []
    found = [span_fields(outcome.target.text, span) for span in outcome.spans]
    return [{**span, "score": span.get("score")} for span in found]
