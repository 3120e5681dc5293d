"""Model transfer: the classifier labels the target directly; the base line of arXiv 2501.18750 and of the thesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spanport.errors import UsageError
from spanport.options import ModelTransferOptions
from spanport.stages.batch import Job
from spanport.stages.label import label_spans
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import ProjectedSpan, Projection


@register("model-transfer")
class ModelTransfer:
    """The spans that the classifier finds on the target, with their mean probability."""

    options: ClassVar = ModelTransferOptions
    needs: ClassVar = frozenset[Need]({"probabilities"})

    def __init__(self, settings: ModelTransferOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order. Nothing is matched: the status is "feasible"."""
        return [self._label(job) for job in jobs]

    def _label(self, job: Job) -> Projection:
        if job.probabilities is None:
            raise UsageError("model-transfer needs the classifier's probabilities of the target; run it on an Engine")
        found = label_spans(job.target.words, job.probabilities, self.tools.encoder.labels)
        spans = tuple(ProjectedSpan(span.start, span.end, span.label, span.score or 0.0) for span in found)
        return Projection(job.target, spans, job.source, status="feasible")
