"""Span filling with restrictions and completeness filters (arXiv 2505.10507)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from spanport.options import SpanFillingOptions
from spanport.stages.batch import PairBatch
from spanport.stages.score import read_off
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


@register("span-filling")
class SpanFilling(Matcher):
    """Each entity labels everything from its first aligned target word to its last, if it passes the filters."""

    options: ClassVar = SpanFillingOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: SpanFillingOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities. A span's match score is its coverage; later entities overwrite."""
        from spanport_kernels.filling import project_filling

        settings = self.settings
        filled = project_filling(
            *batch.arrays,
            complete_source=settings.comp_src,
            complete_target=settings.comp_tgt,
            complete_instance=settings.comp_ins,
            restrict_target=settings.restr_tgt,
            on_failure=settings.on_failure,
        )
        spans, offsets = filled.spans
        return read_off(batch, spans, offsets)
