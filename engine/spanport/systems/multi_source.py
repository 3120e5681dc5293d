"""Projection from several source languages, combined by a weighted vote (after Wu et al. 2020, arXiv 2004.12440)."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import msgspec

from spanport.checked import Positive, Share, Weight
from spanport.detokenize import running_text
from spanport.encoding.label import label_spans
from spanport.errors import UsageError
from spanport.languages import resolve
from spanport.options import SystemOptions
from spanport.systems.base import Need, make_system, register
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import ProjectedSpan, Projection, Sentence
from spanport.work import Work


class MultiSourceOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which further languages the target is translated into, and how the votes count."""

    pivots: tuple[str, ...] = ()
    """Further source languages, besides that of the source at hand."""
    route: Literal["source", "target"] = "source"
    """Translate the source at hand into the pivots (models that know English best), or the target itself."""
    weights: tuple[Weight, ...] = ()
    """Of the source at hand, then of each pivot; equal by default."""
    threshold: Share = 0.4
    """Least share of the votes, each weighted by its confidence, that a span needs."""
    projector: str = "ngram"
    """The system that carries the entities over: one that works on links."""
    projector_options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Options of that system."""
    beam_size: Positive = 1
    """Beams of the translator; 1 decodes greedily."""


@register("multi-source")
class MultiSource:
    """Each pivot's entities are projected onto the target, and the spans with the most votes win."""

    options: ClassVar = MultiSourceOptions

    def __init__(self, settings: MultiSourceOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.pivots = tuple(resolve(code) for code in settings.pivots)
        self.weights = settings.weights or (1.0,) * (1 + len(self.pivots))
        if len(self.weights) != 1 + len(self.pivots) or min(self.weights) < 0 or not sum(self.weights):
            raise UsageError(f"weights {self.weights}: expected {1 + len(self.pivots)}, none negative, not all 0")
        self.projector = make_system(settings.projector, settings.projector_options, tools)

    @property
    def needs(self) -> frozenset[Need]:
        """What the projector needs, and the translator where there are pivots."""
        extra: frozenset[Need] = frozenset({"source", "translator"} if self.pivots else {"source"})
        return self.projector.needs | extra

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order; a span's confidence is its share of the votes."""
        views = [self.projector.project(works)]
        views += [self.projector.project(self._pivoted(works, pivot)) for pivot in self.pivots]
        return [vote(projections, self.weights, self.settings.threshold) for projections in zip(*views, strict=True)]

    def _pivoted(self, works: Sequence[Work], pivot: str) -> list[Work]:
        """The works with a labelled source in another language."""
        rows = [work.source if self.settings.route == "source" else work.target for work in works]
        for work in works:
            languages_of(work.source, work.target, "multi-source")
        requests = [Request(running_text(row), row.language, pivot) for row in rows]
        texts = translate(self.tools.translator, requests, self.settings.beam_size)
        sources = [sentence_of(text, pivot) for text in texts]
        views = self.tools.probabilities(sources)
        tags = self.tools.encoder.labels
        labelled = [
            msgspec.structs.replace(source, spans=label_spans(source.words, view, tags))
            for source, view in zip(sources, views, strict=True)
        ]
        links = self.tools.align(labelled, [work.target for work in works])
        return [
            Work(source, work.target, link, work.probabilities, view if work.probabilities is not None else None)
            for source, work, link, view in zip(labelled, works, links, views, strict=True)
        ]


def vote(projections: Sequence[Projection], weights: Sequence[float], threshold: Share = 0.4) -> Projection:
    """Combine projections onto one target.

    A span (bounds and label) gets the share ``sum of weight * confidence / sum of weights`` over the projections that
    have it. Of those above ``threshold`` the non-overlapping set with the largest sum of (share - threshold) is
    kept. The source, the alignment and the origin of a span are those of the first projection that has it.

    Raises UsageError where there is not one weight per projection, or the targets differ.
    """
    if len(weights) != len(projections) or len({projection.target.text for projection in projections}) != 1:
        raise UsageError(f"{len(projections)} projections and {len(weights)} weights: need one each, of one target")
    shares: dict[tuple[int, int, str], float] = {}
    origins: dict[tuple[int, int, str], ProjectedSpan] = {}
    for projection, weight in zip(projections, weights, strict=True):
        for span in projection.spans:
            key = (span.start, span.end, span.label)
            shares[key] = shares.get(key, 0.0) + weight * span.score / sum(weights)
            origins.setdefault(key, span)
    elected = _elect({key: share - threshold for key, share in shares.items() if share > threshold})
    first = projections[0]
    spans = tuple(
        msgspec.structs.replace(origins[key], score=min(1.0, shares[key]), source=_own(origins[key], first.source))
        for key in elected
    )
    return msgspec.structs.replace(first, spans=spans, status="optimal")


def _own(span: ProjectedSpan, source: Sentence) -> Any:
    """The source span where it lies on the source shown; a pivot's offsets would mean nothing there."""
    return span.source if span.source in source.spans else None


def _elect(gains: dict[tuple[int, int, str], float]) -> list[tuple[int, int, str]]:
    """The non-overlapping spans with the largest sum of gains: weighted interval scheduling, by end."""
    spans = sorted(gains, key=lambda span: (span[1], span[0], span[2]))
    ends = [span[1] for span in spans]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for i, span in enumerate(spans):
        before = best[bisect.bisect_right(ends, span[0], hi=i)]
        best.append(max(best[i], (before[0] + gains[span], (*before[1], i)), key=lambda option: option[0]))
    return [spans[i] for i in best[-1][1]]
