"""Spans that the classifier finds on the target, matched by an alignment score (arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from spanport.errors import UsageError
from spanport.labels import spans_of_labels
from spanport.options import NerCandidatesOptions
from spanport.stages.batch import Job, matched, pack
from spanport.stages.candidates import find_candidates
from spanport.stages.label import read_tags
from spanport.stages.score import align_score
from spanport.stages.solve import solve
from spanport.systems.base import Need, register
from spanport.systems.tools import Tools
from spanport.types import Projection


@register("ner-candidates")
class NerCandidates:
    """The entities that the classifier reads on the target, types aside, take the labels of the source."""

    options: ClassVar = NerCandidatesOptions
    needs: ClassVar = frozenset[Need]({"source", "links", "probabilities"})

    def __init__(self, settings: NerCandidatesOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order."""
        from spanport_kernels.scores import to_ranges

        settings = self.settings
        batch = pack(jobs)
        read = reader(self.tools.encoder.labels)
        candidates = find_candidates(batch, "ner", sub_ranges=settings.sub_ranges, read=read)
        ranges = to_ranges(align_score(batch, candidates, settings.score), candidates)
        found = solve(batch.entities, batch.entity_offsets, ranges, batch.target_lengths, solver=settings.solver)
        return matched(batch, found)


def reader(tags: Sequence[str]) -> Callable[[Job], list[tuple[int, int, str]]]:
    """Reads the entities of a job's target off its probabilities, whose columns ``tags`` names.

    What it returns raises UsageError for a job without probabilities.
    """

    def read(job: Job) -> list[tuple[int, int, str]]:
        if job.probabilities is None:
            raise UsageError("NER candidates need the classifier's probabilities of the target; run on an Engine")
        return spans_of_labels([tags[i] for i in read_tags(job.probabilities, tags).tolist()])

    return read
