"""N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from spanport.options import NgramOptions
from spanport.stages.batch import PairBatch
from spanport.stages.candidates import problem_of
from spanport.stages.solve import solve_ngram
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


@register("ngram")
class Ngram(Matcher):
    """Every contiguous target range is a candidate; at most one span per entity, none overlapping."""

    options: ClassVar = NgramOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: NgramOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities."""
        settings = self.settings
        problem = problem_of(batch, settings.stop_words)
        return solve_ngram(problem, max_length=settings.max_length, score=settings.score, solver=settings.solver)
