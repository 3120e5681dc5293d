"""Runs of aligned target words (Shkalikov's thesis; arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spanport.options import HeuristicOptions
from spanport.stages.batch import Job, pack, unpack
from spanport.stages.score import coverage
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import Projection


@register("heuristic")
class Heuristic:
    """Each entity labels the runs of target words it is aligned to, near runs merged, short ones dropped."""

    options: ClassVar = HeuristicOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: HeuristicOptions, tools: Tools) -> None:
        self.settings = settings

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order. A span's match score is its coverage."""
        from spanport_kernels.runs import project_runs

        settings = self.settings
        batch = pack(jobs)
        spans, offsets = project_runs(
            batch.entities,
            batch.entity_offsets,
            batch.edges,
            batch.edge_offsets,
            batch.target_lengths,
            merge_distance=settings.merge_distance,
            top_k=settings.top_k,
            only_i=settings.only_i,
            threshold=-1.0 if settings.threshold is None else settings.threshold,
            order=settings.order,
            collision=settings.collision,
            top_k_keeps="shortest" if settings.shortest_first else "longest",
        )
        # Runs are read off the alignment, nothing is optimised: "optimal" would claim what nobody proved.
        return unpack(batch, spans, coverage(batch, spans, offsets), offsets, ["feasible"] * len(batch))
