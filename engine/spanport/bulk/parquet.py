"""Parquet in, Parquet out over Pharaoh alignments: words, matching and spans as arrays.

A row that arrays cannot read (a null, a label of no scheme, a text that is not its words) takes the ordinary path on
its own and comes out, or is rejected, in its place. The records are those of the ordinary readers, system and writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanport.bulk.feeds import WINDOW, PharaohFeed, in_step
from spanport.bulk.labelled import labelled_rows, stream_of, with_rows
from spanport.bulk.ordinary import project_one, without
from spanport.bulk.tables import EXTRA, ROWS, Rows, TableFeed, entities_of
from spanport.formats.extras import library
from spanport.formats.fields import fields_of_projection
from spanport.formats.inputs import Input
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import shown
from spanport.matching.batch import PairBatch
from spanport.output import Part, Reject
from spanport.ports import BoolArray
from spanport.systems.base import Matcher, System
from spanport_kernels.label_codes import LabelTypes
from spanport_kernels.pharaoh import Pharaoh, flag_ranges


def project_tables(
    source: Input, target: Input, alignments: str, system: System, types: LabelTypes, skip: int = 0
) -> Iterator[Part]:
    """The records of three line-parallel files after the first `skip`, in order, some thousands at a time.

    The output of each part is an Arrow stream. Raises LengthMismatchError at the end when one file has more records.
    """
    assert isinstance(system, Matcher), "the system matches by links alone; see `fits`"
    with ExitStack() as stack:
        left, right = (TableFeed(given.paths[0], given.reading) for given in (source, target))
        for feed in (left, right):
            stack.enter_context(closing(feed))
        links = stack.enter_context(closing(PharaohFeed(alignments, 4 * WINDOW)))
        bulk = _Tables(left, right, links, system, types)
        for block in in_step([left, right, links], skip, ROWS):
            yield bulk.part(*block)


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
        self, source: TableFeed, target: TableFeed, links: PharaohFeed, system: Matcher, types: LabelTypes
    ) -> None:
        self.source, self.target, self.links, self.system, self.types = source, target, links, system, types

    def part(self, source: Rows, target: Rows, links: Pharaoh) -> Part:
        """Project a block."""
        entities, entity_offsets, odd = entities_of(source, self.source, self.types)
        lengths = np.diff(target.offsets)
        flag_ranges(links, np.diff(source.offsets), lengths)
        slow = source.slow | target.slow | odd | (links.flags != 0)
        entities, entity_offsets = without(entities, entity_offsets, slow)
        edges, edge_offsets = without(links.links, links.offsets, slow)
        batch = TableBatch(
            works=(),
            labels=(),
            entities=entities,
            entity_offsets=entity_offsets,
            entity_spans=(),
            edges=edges,
            edge_offsets=edge_offsets,
            target_lengths=lengths.astype(np.int32),
            target=target,
        )
        found = self.system.match(batch)
        made = labelled_rows(source, target, entities, entity_offsets, found, self.types, self.target.layout.extras)
        others, rejects = self._slowly(source, target, links, np.flatnonzero(slow).tolist())
        made = with_rows(made, others)
        output = stream_of(made) if made.num_rows else b""
        return Part(source.first + len(slow) - 1, output, len(slow), rejects)

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
            if isinstance(outcome, Exception):
                made[i] = None
                rejects.append(Reject.of(source.first + i, outcome, shown(row), self.source.path))
            else:
                made[i] = fields_of_projection(outcome)
        return made, rejects
