"""Ranges read off each entity's own alignment, matched by an alignment score (thesis, candidate generation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from spanport.options import AlignedRangesOptions
from spanport.stages.batch import PairBatch
from spanport.stages.candidates import find_candidates
from spanport.stages.score import align_score
from spanport.stages.solve import solve
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


@register("aligned-ranges")
class AlignedRanges(Matcher):
    """Candidates are ranges of the aligned hull, or joined runs; at most one span per entity, none overlapping."""

    options: ClassVar = AlignedRangesOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: AlignedRangesOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities."""
        from spanport_kernels.scores import to_ranges

        settings = self.settings
        candidates = find_candidates(batch, settings.candidates, sub_ranges=settings.sub_ranges)
        ranges = to_ranges(align_score(batch, candidates, settings.score), candidates)
        return solve(batch.entities, batch.entity_offsets, ranges, batch.target_lengths, solver=settings.solver)
