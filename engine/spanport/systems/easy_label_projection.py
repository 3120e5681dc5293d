"""The projection of Easy-Label-Projection (Garcia-Ferrero, Agerri and Rigau 2022), its bugs included."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from spanport.matching.batch import PairBatch
from spanport.matching.scores import read_off
from spanport.options import SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching


class EasyLabelProjectionOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Easy-Label-Projection takes no options of its own."""


PUNCTUATION = frozenset(string.punctuation)


@register("easy-label-projection")
class EasyLabelProjection(Matcher):
    """Each entity labels the largest run of words it is aligned to; of runs that collide the longer is kept."""

    options: ClassVar = EasyLabelProjectionOptions
    needs: ClassVar = frozenset[Need]({"source", "links"})

    def __init__(self, settings: EasyLabelProjectionOptions, tools: Tools) -> None:
        self.settings = settings

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities. A span's match score is its coverage."""
        from spanport_kernels.easy_label import project_easy_label

        marks = [PUNCTUATION.issuperset(word) for word in batch.target_words()]
        spans, offsets = project_easy_label(
            batch.entities,
            batch.entity_offsets,
            batch.edges,
            batch.edge_offsets,
            np.array(marks, np.bool_),
            np.concatenate([[0], np.cumsum(batch.target_lengths)]),
        )
        return read_off(batch, spans, offsets)
