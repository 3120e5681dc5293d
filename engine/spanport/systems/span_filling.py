"""Span filling with restrictions and completeness filters (arXiv 2505.10507)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from spanport.matching.batch import PairBatch
from spanport.matching.scores import read_off
from spanport.options import SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


class SpanFillingOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything from the first to the last aligned word; the filters of arXiv 2505.10507 are off by default.

    Its translate-train uses the three COMP filters with ``discard``, its translate-test RESTR-TGT alone.
    """

    comp_src: bool = False
    """Every word of the entity must be aligned."""
    comp_tgt: bool = False
    """The aligned target words must be contiguous."""
    comp_ins: bool = False
    """The sentence must keep as many entities of each label as the source has, or lose all."""
    restr_tgt: bool = False
    """An entity of one word gets the first aligned target word only."""
    on_failure: Literal["skip", "discard"] = "skip"
    """Skip an entity that fails a filter, or discard all spans of its sentence."""


@register("span-filling")
class SpanFilling(Matcher):
    """Each entity labels everything from its first aligned target word to its last, if it passes the filters."""

    options: ClassVar = SpanFillingOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: SpanFillingOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities. A span's match score is its coverage; later entities overwrite."""
        from spanport_kernels.filling import project_filling

        settings = self.settings
        filled = project_filling(
            *batch.arrays,
            complete_source=settings.comp_src,
            complete_target=settings.comp_tgt,
            complete_instance=settings.comp_ins,
            restrict_target=settings.restr_tgt,
            on_failure=settings.on_failure,
        )
        spans, offsets = filled.spans
        return read_off(batch, spans, offsets)
