"""Model transfer: the classifier labels the target directly; the base line of arXiv 2501.18750 and of the thesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spanport.encoding.label import label_spans
from spanport.errors import UsageError
from spanport.options import SystemOptions
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import ProjectedSpan, Projection
from spanport.work import Work


class ModelTransferOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Model transfer takes no options of its own."""


@register("model-transfer")
class ModelTransfer:
    """The spans that the classifier finds on the target, with their mean probability."""

    options: ClassVar = ModelTransferOptions
    needs: ClassVar = frozenset[Need]({"probabilities"})

    def __init__(self, settings: ModelTransferOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order. Nothing is matched: the status is "feasible"."""
        return [self._label(work) for work in works]

    def _label(self, work: Work) -> Projection:
        if work.probabilities is None:
            raise UsageError("model-transfer needs the classifier's probabilities of the target; run it on an Engine")
        found = label_spans(work.target.words, work.probabilities, self.tools.encoder.labels)
        spans = tuple(ProjectedSpan(span.start, span.end, span.label, span.score or 0.0) for span in found)
        return Projection(work.target, spans, work.source, status="feasible")
