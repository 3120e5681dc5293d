"""What goes to a system at once, and what the fast readers leave to the ordinary path, record by record."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spanport.errors import RecordError
from spanport.formats import Read, ReadAlignment, ReadAlignmentResult, ReadResult, Rejected
from spanport.ports import BoolArray, Int32, Int64
from spanport.systems.base import Matcher
from spanport.types import Projection, check_sentence
from spanport.work import Work, with_links
from spanport_kernels.pharaoh import Pharaoh

Row = TypeVar("Row", bound=np.generic)


def project_one(
    system: Matcher, left: ReadResult, right: ReadResult, given: ReadAlignmentResult
) -> Projection | RecordError:
    """What the ordinary path makes of a record, or why it rejects it."""
    if isinstance(left, Read) and isinstance(right, Read) and isinstance(given, ReadAlignment):
        try:
            for read in (left, right):
                check_sentence(read.sentence)
            work = Work(left.sentence, right.sentence, alignment=given.alignment)
            return system.project(with_links([work]))[0]
        except RecordError as error:
            return error
    return next(item.error for item in (left, right, given) if isinstance(item, Rejected))


def fields_of_batch(
    entities: tuple[Int32, Int64], links: Pharaoh, target_lengths: Int64, left_out: BoolArray
) -> dict[str, Any]:
    """The fields of a `PairBatch` of parsed records; those that are left out have neither entities nor links."""
    found, offsets = without(*entities, left_out)
    edges, edge_offsets = without(links.links, links.offsets, left_out)
    return {
        "works": (),
        "labels": (),
        "entities": found,
        "entity_offsets": offsets,
        "entity_spans": (),
        "edges": edges,
        "edge_offsets": edge_offsets,
        "target_lengths": target_lengths.astype(np.int32),
    }


def without(rows: npt.NDArray[Row], offsets: Int64, left_out: BoolArray) -> tuple[npt.NDArray[Row], Int64]:
    """A ragged array with the items that are left out made empty."""
    if not left_out.any():
        return rows, offsets
    counts = np.diff(offsets)
    kept = rows[np.repeat(~left_out, counts)]
    counts[left_out] = 0
    return kept, np.concatenate([[0], np.cumsum(counts)])
