"""Ranges read off each entity's own alignment, matched by an alignment score (thesis, candidate generation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from spanport.matching.batch import PairBatch
from spanport.matching.candidates import find_candidates
from spanport.matching.scores import align_score
from spanport.matching.solve import solve
from spanport.options import Score, Solver, SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


class AlignedRangesOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges read off each entity's own alignment, matched by an alignment score (thesis, candidate generation)."""

    candidates: Literal["hull", "merged"] = "merged"
    """``hull``: every range from the first to the last aligned word; ``merged``: joined runs of aligned words."""
    score: Score = "pairs"
    """``pairs`` counts links, as published; ``covered`` linked words (never above 1), of which one may do for two."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    sub_ranges: bool = True
    """With ``merged``: the ranges inside a run as well."""


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
