"""N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from spanport.checked import Natural
from spanport.matching.batch import PairBatch
from spanport.matching.candidates import problem_of
from spanport.matching.solve import solve_ngram
from spanport.options import Score, Solver, SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


class NgramOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

    score: Score = "pairs"
    """``pairs`` counts links, as published; ``covered`` linked words (never above 1), of which one may do for two."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    max_length: Natural = 0
    """Longest candidate in words; 0 means no limit (arXiv 2501.18750; the thesis takes 10)."""
    stop_words: tuple[str, ...] = ("!", "?")
    """Words that no candidate contains."""


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
