"""Translate-train by alignment: labelled source text in, labelled training data out (arXiv 2505.10507)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from spanport.checked import Positive
from spanport.errors import UsageError
from spanport.options import SystemOptions
from spanport.stages.batch import Job
from spanport.systems.base import Need, make_system, register
from spanport.systems.detokenize import running_text
from spanport.systems.easyproject import dropped
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import Projection

COMPLETE = {"comp_src": True, "comp_tgt": True, "comp_ins": True, "on_failure": "discard"}


class TranslateTrainOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the translation gets its labels; the default filters discard a sentence with one doubtful entity."""

    projector: str = "span-filling"
    """A system that works on links."""
    projector_options: dict[str, Any] = msgspec.field(default_factory=COMPLETE.copy)
    """By default every entity word must be aligned, to contiguous words, and no entity may get lost."""
    beam_size: Positive = 1
    """Beams of the translator; 1 decodes greedily."""


@register("translate-train")
class TranslateTrain:
    """Each source sentence is translated, its words are aligned, and its entities carried over to the translation.

    The targets of the jobs are not read, only their language. A sentence that has entities and keeps none is
    dropped: its projection has an empty target and the status "infeasible".
    """

    options: ClassVar = TranslateTrainOptions
    needs: ClassVar = frozenset[Need]({"source", "translator"})
    makes_targets: ClassVar = True

    def __init__(self, settings: TranslateTrainOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.projector = make_system(settings.projector, settings.projector_options, tools)
        if not self.projector.needs <= {"source", "links"}:
            raise UsageError(f"projector {settings.projector!r} needs more than links; use one that does not")

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order, onto a translation of its source."""
        requests = [
            Request(running_text(job.source), *languages_of(job.source, job.target, "translate-train"))
            for job in jobs
        ]
        texts = translate(self.tools.translator, requests, self.settings.beam_size)
        targets = [sentence_of(text, job.target.language) for text, job in zip(texts, jobs, strict=True)]
        links = self.tools.align([job.source for job in jobs], targets)
        inner = [
            dataclasses.replace(job, target=target, links=link)
            for job, target, link in zip(jobs, targets, links, strict=True)
        ]
        found = self.projector.project(inner)
        return [
            dropped(job) if not projection.target.words or (job.source.spans and not projection.spans) else projection
            for job, projection in zip(jobs, found, strict=True)
        ]
