"""N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from spanport.options import NgramOptions
from spanport.ports import BoolArray
from spanport.stages.batch import STATUSES, Job, pack, unpack
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
        from spanport_kernels.ngram import project_ngram

        settings = self.settings
        batch = pack(jobs)
        stop = stop_mask(jobs, settings.stop_words)
        matching = project_ngram(
            batch.entities,
            batch.entity_offsets,
            batch.edges,
            batch.edge_offsets,
            batch.target_lengths,
            stop,
            max_length=settings.max_length,
            score=settings.score,
            solver=settings.solver,
        )
        statuses = [STATUSES[code] for code in matching.status.tolist()]
        return unpack(batch, matching.spans, matching.scores, matching.offsets, statuses)


def stop_mask(jobs: Sequence[Job], stop_words: Sequence[str]) -> BoolArray:
    """True for target words that no candidate may contain, bool (target words of all jobs,)."""
    stops = frozenset(stop_words)
    flags = [word in stops for job in jobs for word in job.target.word_texts()] if stops else []
    return np.array(flags or [False] * sum(len(job.target.words) for job in jobs), dtype=np.bool_)
