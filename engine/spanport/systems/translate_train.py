"""Translate-train by alignment: labelled source text in, labelled training data out (arXiv 2505.10507)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from spanport.checked import Positive
from spanport.detokenize import running_text
from spanport.errors import UsageError
from spanport.options import SystemOptions
from spanport.systems.base import Need, make_system, register
from spanport.systems.marked.easyproject import dropped
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import Projection
from spanport.work import Work

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

    The targets of the works are not read, only their language. A sentence that has entities and keeps none is
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

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order, onto a translation of its source."""
        requests = [
            Request(running_text(work.source), *languages_of(work.source, work.target, "translate-train"))
            for work in works
        ]
        texts = translate(self.tools.translator, requests, self.settings.beam_size)
        targets = [sentence_of(text, work.target.language) for text, work in zip(texts, works, strict=True)]
        links = self.tools.align([work.source for work in works], targets)
        inner = [
            msgspec.structs.replace(work, target=target, links=link, alignment=None)
            for work, target, link in zip(works, targets, links, strict=True)
        ]
        found = self.projector.project(inner)
        return [
            dropped(work)
            if not projection.target.words or (work.source.spans and not projection.spans)
            else projection
            for work, projection in zip(works, found, strict=True)
        ]
