"""Span filling with restrictions and completeness filters (arXiv 2505.10507)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spanport.options import SpanFillingOptions
from spanport.stages.batch import Job, pack, unpack
from spanport.stages.score import coverage
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import Projection


@register("span-filling")
class SpanFilling:
    """Each entity labels everything from its first aligned target word to its last, if it passes the filters."""

    options: ClassVar = SpanFillingOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: SpanFillingOptions, tools: Tools) -> None:
        self.settings = settings

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order. A span's match score is its coverage; later entities overwrite."""
        from spanport_kernels.filling import project_filling

        settings = self.settings
        batch = pack(jobs)
        filled = project_filling(
            batch.entities,
            batch.entity_offsets,
            batch.edges,
            batch.edge_offsets,
            batch.target_lengths,
            complete_source=settings.comp_src,
            complete_target=settings.comp_tgt,
            complete_instance=settings.comp_ins,
            restrict_target=settings.restr_tgt,
            on_failure=settings.on_failure,
        )
        spans, offsets = filled.spans
        return unpack(batch, spans, coverage(batch, spans, offsets), offsets, ["feasible"] * len(batch))
