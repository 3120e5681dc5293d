"""N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spanport.options import NgramOptions
from spanport.stages.batch import Job, matched, pack
from spanport.stages.candidates import problem_of
from spanport.stages.solve import solve_ngram
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import Projection


@register("ngram")
class Ngram:
    """Every contiguous target range is a candidate; at most one span per entity, none overlapping."""

    options: ClassVar = NgramOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: NgramOptions, tools: Tools) -> None:
        self.settings = settings

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order."""
        settings = self.settings
        batch = pack(jobs)
        problem = problem_of(batch, settings.stop_words)
        return matched(
            batch,
            solve_ngram(problem, max_length=settings.max_length, score=settings.score, solver=settings.solver),
        )
