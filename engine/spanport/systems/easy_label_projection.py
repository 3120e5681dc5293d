"""The projection of Easy-Label-Projection (Garcia-Ferrero, Agerri and Rigau 2022), its bugs included."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from spanport.options import EasyLabelProjectionOptions
from spanport.stages.batch import Job, offsets_of, pack, unpack
from spanport.stages.score import coverage
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import Projection

PUNCTUATION = frozenset(string.punctuation)


@register("easy-label-projection")
class EasyLabelProjection:
    """Each entity labels the largest run of words it is aligned to; of runs that collide the longer is kept."""

    options: ClassVar = EasyLabelProjectionOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: EasyLabelProjectionOptions, tools: Tools) -> None:
        self.settings = settings

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order. A span's match score is its coverage."""
        from spanport_kernels.easy_label import project_easy_label

        batch = pack(jobs)
        marks = [PUNCTUATION.issuperset(word) for job in jobs for word in job.target.word_texts()]
        spans, offsets = project_easy_label(
            batch.entities,
            batch.entity_offsets,
            batch.edges,
            batch.edge_offsets,
            np.array(marks, np.bool_),
            offsets_of(batch.target_lengths.tolist()),
        )
        return unpack(batch, spans, coverage(batch, spans, offsets), offsets, ["feasible"] * len(batch))
