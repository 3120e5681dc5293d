"""Runs of aligned target words (Shkalikov's thesis; arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from spanport.options import EasyLabelProjectionOptions, HeuristicOptions, SpanFillingOptions, SystemOptions
from spanport.stages.batch import PairBatch
from spanport.stages.score import read_off
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


def _thesis() -> Iterator[HeuristicOptions]:
    """The rows of the thesis's table on Europarl, from the top: distance, only-I, top-k, threshold."""
    rows = [(1, only_i, k, thr) for only_i in (False, True) for k, thr in ((0, 0.8), (0, None), (1, None), (1, 0.8))]
    rows += [(0, False, 1, None), (0, False, 1, 0.8), (0, False, 0, None)]
    for distance, only_i, k, threshold in rows:
        yield HeuristicOptions(
            merge_distance=distance,
            only_i=only_i,
            top_k=k,
            threshold=threshold,
            order="length_asc",
            collision="skip",
            drop="before",
            shortest_first=k > 0 and threshold is None,  # as its figures say
        )


@register("heuristic")
class Heuristic(Matcher):
    """Each entity labels the runs of target words it is aligned to, near runs merged, short ones dropped."""

    options: ClassVar = HeuristicOptions
    presets: ClassVar[Mapping[str, SystemOptions]] = {
        "2501.18750": HeuristicOptions(),
        **{f"thesis-{row}": options for row, options in enumerate(_thesis(), start=1)},
        "easy-label-projection": EasyLabelProjectionOptions(),
        "span-filling": SpanFillingOptions(),
    }
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: HeuristicOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities. A span's match score is its coverage."""
        from spanport_kernels.runs import project_runs

        settings = self.settings
        spans, offsets = project_runs(
            *batch.arrays,
            merge_distance=settings.merge_distance,
            top_k=settings.top_k,
            only_i=settings.only_i,
            threshold=-1.0 if settings.threshold is None else settings.threshold,
            order=settings.order,
            collision=settings.collision,
            top_k_keeps="shortest" if settings.shortest_first else "longest",
        )
        return read_off(batch, spans, offsets)
