"""Spans that the classifier finds on the target, matched by an alignment score (arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from spanport.encoding.label import read_tags
from spanport.errors import UsageError
from spanport.labels import spans_of_labels
from spanport.matching.batch import PairBatch
from spanport.matching.candidates import find_candidates
from spanport.matching.scores import align_score
from spanport.matching.solve import solve
from spanport.options import Score, Solver, SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools
from spanport.work import Work

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


class NerCandidatesOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spans that the classifier finds on the target, matched by an alignment score (arXiv 2501.18750)."""

    score: Score = "pairs"
    """``pairs`` counts links, as published; ``covered`` linked words (never above 1), of which one may do for two."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    sub_ranges: bool = False
    """Every range inside a found span is a candidate too."""


@register("ner-candidates")
class NerCandidates(Matcher):
    """The entities that the classifier reads on the target, types aside, take the labels of the source."""

    options: ClassVar = NerCandidatesOptions
    needs: ClassVar = frozenset[Need]({"source", "links", "probabilities"})

    def __init__(self, settings: NerCandidatesOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities."""
        from spanport_kernels.scores import to_ranges

        settings = self.settings
        read = reader(self.tools.encoder.labels)
        candidates = find_candidates(batch, "ner", sub_ranges=settings.sub_ranges, read=read)
        ranges = to_ranges(align_score(batch, candidates, settings.score), candidates)
        return solve(batch.entities, batch.entity_offsets, ranges, batch.target_lengths, solver=settings.solver)


def reader(tags: Sequence[str]) -> Callable[[Work], list[tuple[int, int, str]]]:
    """Reads the entities of a work's target off its probabilities, whose columns ``tags`` names.

    What it returns raises UsageError for a work without probabilities.
    """

    def read(work: Work) -> list[tuple[int, int, str]]:
        if work.probabilities is None:
            raise UsageError("NER candidates need the classifier's probabilities of the target; run on an Engine")
        return spans_of_labels([tags[i] for i in read_tags(work.probabilities, tags).tolist()])

    return read
