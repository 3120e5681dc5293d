"""Runs of aligned target words (Shkalikov's thesis; arXiv 2501.18750)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from spanport.checked import Natural, Weight
from spanport.matching.batch import PairBatch
from spanport.matching.scores import read_off
from spanport.options import SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.easy_label_projection import EasyLabelProjectionOptions
from spanport.systems.span_filling import SpanFillingOptions
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


Order = Literal["given", "length_asc"]
Collision = Literal["skip", "overwrite"]


class HeuristicOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs of aligned words; the defaults are those of arXiv 2501.18750."""

    merge_distance: Natural = 1
    """Runs that are no further apart than this many words are joined; 0 joins none."""
    top_k: Natural = 0
    """Keep the k longest runs of an entity; 0 keeps all."""
    only_i: bool = False
    """Do not merge a run whose first word is aligned to the entity's first word."""
    threshold: Weight | None = 0.8
    """A run is kept when its length over the entity's is strictly greater; None is off."""
    order: Order = "given"
    """Entities take their runs in the order given, or the shortest first."""
    collision: Collision = "overwrite"
    """A run that another entity has taken is skipped, or overwrites it."""
    shortest_first: bool = False
    """Reproduce the thesis code, whose top-k keeps the k shortest runs."""


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
