"""Ensemble of translate-train and translate-test (arXiv 2505.10507): the mean of two views of each target word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np

from spanport.encoding.label import label_spans
from spanport.errors import UsageError
from spanport.options import SystemOptions
from spanport.ports import Float32
from spanport.systems.base import Need, make_system, register
from spanport.systems.marked.markers import entities_of
from spanport.systems.tools import Tools
from spanport.types import Alignment, ProjectedSpan, Projection, word_ranges
from spanport.work import Work


class EnsembleOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What carries the source's entities over, for translate-test."""

    projector: str = "span-filling"
    """The system that carries the entities over: one that works on links."""
    projector_options: dict[str, Any] = msgspec.field(default_factory=lambda: {"restr_tgt": True})
    """By default an entity of one word gets one word."""


@register("ensemble")
class Ensemble:
    """Labels each target word by the mean of two probabilities, of the classifier on it and on the source.

    The classifier stands for translate-train, so it should be trained on translated data; words without a projected
    entity have its view alone. Projection can therefore add an entity, but not veto one.
    """

    options: ClassVar = EnsembleOptions

    def __init__(self, settings: EnsembleOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.projector = make_system(settings.projector, settings.projector_options, tools)

    @property
    def needs(self) -> frozenset[Need]:
        """What the projector needs, and the classifier's view of both sides."""
        extra: frozenset[Need] = frozenset({"source", "probabilities"})
        return self.projector.needs | extra

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order. Nothing is matched as a whole: the status is "feasible"."""
        return [self._label(work, found) for work, found in zip(works, self.projector.project(works), strict=True)]

    def _label(self, work: Work, projected: Projection) -> Projection:
        if work.probabilities is None or work.source_probabilities is None:
            raise UsageError("ensemble needs the classifier's probabilities of both sides; run it on an Engine")
        tags = self.tools.encoder.labels
        seen = projected_view(work, projected, tags)
        carried = ~np.isnan(seen[:, :1])
        mean = np.where(carried, 0.5 * (work.probabilities + seen), work.probabilities)
        found = label_spans(work.target.words, mean, tags)
        spans = tuple(
            ProjectedSpan(span.start, span.end, span.label, span.score or 0.0, _origin(span, projected))
            for span in found
        )
        alignment = Alignment(tuple((int(i), int(j)) for i, j in work.links.tolist()))
        return Projection(work.target, spans, work.source, alignment, "feasible")


def projected_view(work: Work, projected: Projection, tags: Sequence[str]) -> Float32:
    """The source's probabilities carried over to the target, float32 (target words, L); NaN where nothing is.

    The first word of a projected entity takes the row of the entity's first word, the others that of its last; of
    an entity of one word, the others take its row with the B and I tags of each label swapped.
    """
    assert work.source_probabilities is not None
    out = np.full((len(work.target.words), len(tags)), np.nan, np.float32)
    swapped = [tags.index(_other(tag)) if _other(tag) in tags else i for i, tag in enumerate(tags)]
    words = {entity.span: (entity.start, entity.end) for entity in entities_of(work.source)}
    for span in projected.spans:
        if span.source is None:
            continue
        first, last = words[span.source]
        rows = work.source_probabilities
        for start, end, _ in word_ranges(work.target.words, (span,)):  # type: ignore[arg-type]
            out[start] = rows[first]
            out[start + 1 : end] = rows[first][swapped] if last - first == 1 else rows[last - 1]
    return out


def _other(tag: str) -> str:
    return {"B": "I", "I": "B"}.get(tag[:1], tag[:1]) + tag[1:]


def _origin(span: Any, projected: Projection) -> Any:
    """The source span of the projected entity that overlaps a span."""
    return next((p.source for p in projected.spans if p.start < span.end and span.start < p.end), None)
