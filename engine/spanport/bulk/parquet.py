"""Tables in, tables out over Pharaoh alignments: words, matching and spans as arrays.

A row that arrays cannot read (a null, a label of no scheme, a text that is not its words) takes the ordinary path on
its own and comes out, or is rejected, in its place. The records are those of the ordinary readers, system and writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanport.bulk.entities import entities_of
from spanport.bulk.feeds import WINDOW, PharaohFeed, in_step
from spanport.bulk.grouping import Made, grouped, streamed
from spanport.bulk.labelled import labelled_rows, tagged_rows, with_rows
from spanport.bulk.ordinary import fields_of_batch, project_one, without
from spanport.bulk.table_feeds import table_feed
from spanport.bulk.tables import EXTRA, ROWS, Rows, TableFeed
from spanport.errors import RecordError
from spanport.formats.extras import library
from spanport.formats.fields import fields_of_projection
from spanport.formats.inputs import Input
from spanport.formats.parquet_tags import TAGGED, tagged_fields
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import shown
from spanport.matching.batch import PairBatch
from spanport.output import Part, Reject
from spanport.ports import BoolArray
from spanport.systems.base import Matcher, System
from spanport.types import Projection
from spanport_kernels.label_codes import LabelTypes
from spanport_kernels.pharaoh import Pharaoh, flag_ranges


def project_tables(
    source: Input,
    target: Input,
    alignments: str,
    system: System,
    types: LabelTypes,
    skip: int = 0,
    format: str = "parquet",
) -> Iterator[Part]:
    """The records of three line-parallel files after the first `skip`, in order, some thousands at a time.

    ``save_batches`` of the format makes the file of the output of all parts. Raises LengthMismatchError at the end
    when one file has more records.
    """
    assert isinstance(system, Matcher), "the system matches by links alone; see `fits`"
    with ExitStack() as stack:
        left, right = map(table_feed, (source, target))
        for feed in (left, right):
            stack.enter_context(closing(feed))
        links = stack.enter_context(closing(PharaohFeed(alignments, 8 * WINDOW, ROWS)))
        bulk = _Tables(left, right, links, system, types, tagged=format == TAGGED)
        made = (bulk.made(*block) for block in in_step([left, right, links], skip, ROWS))
        yield from grouped(made) if format == "parquet" else streamed(made)


@dataclass(frozen=True)
class TableBatch(PairBatch):
    """Pairs whose target words are numbers of a vocabulary; `works` is empty."""

    target: Rows

    def target_words(self) -> list[str]:
        """The words of all targets."""
        vocabulary = self.target.vocabulary.array.to_pylist()
        return [vocabulary[word] for word in self.target.words.tolist()]

    def stop_mask(self, stop_words: Sequence[str]) -> BoolArray:
        """True for target words that are among these, bool (target words,)."""
        pa, compute = library("pyarrow", EXTRA), library("pyarrow.compute", EXTRA)
        stops = compute.is_in(self.target.vocabulary.array, value_set=pa.array(stop_words, pa.string()))
        mask: BoolArray = stops.to_numpy(zero_copy_only=False)[self.target.words]
        return mask


class _Tables:
    def __init__(
        self,
        source: TableFeed,
        target: TableFeed,
        links: PharaohFeed,
        system: Matcher,
        types: LabelTypes,
        *,
        tagged: bool,
    ) -> None:
        self.source, self.target, self.links, self.system, self.types = source, target, links, system, types
        self.tagged = tagged

    def made(self, source: Rows, target: Rows, links: Pharaoh) -> Made:
        """Project a block."""
        entities = entities_of(source, self.source, self.types)
        lengths = np.diff(target.offsets)
        flag_ranges(links, np.diff(source.offsets), lengths)
        slow = source.slow | target.slow | entities.odd | (links.flags != 0)
        spans = entities.spans, entities.offsets
        batch = TableBatch(**fields_of_batch(spans, links, lengths, slow), target=target)
        found, extras = self.system.match(batch), self.target.layout.extras
        if self.tagged:
            made = tagged_rows(target, found, self.types, extras)
        else:
            scores = entities.scores
            scores = scores if scores is None else without(scores, entities.offsets, slow)[0]
            made = labelled_rows(source, target, batch, found, self.types, extras, scores)
        others, rejects = self._slowly(source, target, links, np.flatnonzero(slow).tolist())
        made = with_rows(made, others)
        return Made(source.first + len(slow) - 1, made, len(slow), rejects)

    def _slowly(
        self, source: Rows, target: Rows, links: Pharaoh, places: list[int]
    ) -> tuple[dict[int, dict[str, Any] | None], list[Reject]]:
        """Rows as the ordinary path projects them, None where it rejects them, and the rejects."""
        made: dict[int, dict[str, Any] | None] = {}
        rejects = []
        for i in places:
            raw = self.links.buffer[slice(*links.records[i].tolist())].tobytes()
            given = next(read_pharaoh([raw.removesuffix(b"\n").removesuffix(b"\r")]))
            row = self.source.result(source, i), self.target.result(target, i), given
            outcome = project_one(self.system, *row)
            try:
                made[i] = self._fields(outcome)
            except RecordError as error:
                made[i] = None
                rejects.append(Reject.of(source.first + i, error, shown(row), self.source.path))
        return made, rejects

    def _fields(self, outcome: Projection | RecordError) -> dict[str, Any]:
        """The row of a projection; raises RecordError where there is none."""
        if isinstance(outcome, RecordError):
            raise outcome
        return tagged_fields(outcome.labelled()) if self.tagged else fields_of_projection(outcome)
