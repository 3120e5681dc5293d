"""CoNLL in, CoNLL out over Pharaoh alignments: read, match and write by kernels.

A record that the fast parsers flag (another form of link, a bad label, invalid UTF-8) takes the ordinary path on its
own and comes out, or is rejected, in its place. The output is byte for byte that of the ordinary readers, system and
writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spanport.bulk.feeds import Block, Feeds
from spanport.errors import RecordError
from spanport.formats import Read, ReadAlignment, Rejected
from spanport.formats.conll import encode_conll_projection, read_block
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import shown
from spanport.matching.batch import with_links
from spanport.matching.solve import solve_ngram
from spanport.output import Part, Reject
from spanport.ports import BoolArray
from spanport.systems.ngram import Ngram, NgramOptions
from spanport.systems.tools import Tools
from spanport.work import Work
from spanport_kernels.label_codes import LabelTypes, spans_of_codes
from spanport_kernels.ngram import Problem
from spanport_kernels.parse import Conll
from spanport_kernels.pharaoh import flag_ranges
from spanport_kernels.write import write_conll


def is_plain(*paths: str) -> bool:
    """Whether all are uncompressed regular files, as `project_files` needs them."""
    return all(Path(path).is_file() and not path.lower().endswith((".gz", ".zst")) for path in paths)


def project_files(
    source: str,
    target: str,
    alignments: str,
    options: NgramOptions | None = None,
    *,
    source_lang: str = "",
    target_lang: str = "",
    skip: int = 0,
    types: LabelTypes | None = None,
) -> Iterator[Part]:
    """The records of three line-parallel files after the first ``skip``, in order, some thousands at a time.

    ``types`` gathers the entity types that are met. Raises UsageError when a file cannot be opened,
    LengthMismatchError at the end when one has more records.
    """
    job = _Job(options or NgramOptions(), source_lang, target_lang, types or LabelTypes())
    with Feeds(source, target, alignments) as feeds:
        for block in feeds.blocks(skip):
            yield job.part(feeds, block)


class _Job:
    def __init__(self, options: NgramOptions, source_lang: str, target_lang: str, types: LabelTypes) -> None:
        self.options, self.source_lang, self.target_lang = options, source_lang, target_lang
        self.types = types
        self.system = Ngram(options, Tools())

    def part(self, feeds: Feeds, block: Block) -> Part:
        """Project the records of a block."""
        source, target, links = block
        options, lengths = self.options, np.diff(target.offsets)
        entities, entity_offsets = spans_of_codes(self.types.codes(feeds.source.buffer, source), source)
        flag_ranges(links, np.diff(source.offsets), lengths)
        slow = (source.flags | target.flags | links.flags) != 0
        problem = Problem(
            *_without(entities, entity_offsets, slow),
            *_without(links.links, links.offsets, slow),
            lengths.astype(np.int32),
            _stop_mask(feeds.target.buffer, target, options.stop_words),
        )
        found = solve_ngram(problem, max_length=options.max_length, score=options.score, solver=options.solver)
        out, offsets = write_conll(feeds.target.buffer, target, found.spans, found.offsets, self.types)
        pieces, rejects, at = [], list[Reject](), 0
        for i in np.flatnonzero(slow).tolist():
            one = self._slowly(feeds, block, i)
            pieces += [out[at : offsets[i]].tobytes(), one.output]
            rejects += one.rejects
            at = offsets[i + 1]
        output = b"".join([*pieces, out[at:].tobytes()])
        return Part(int(source.lines[-2]) + 1, output, slow.size, rejects)

    def _slowly(self, feeds: Feeds, block: Block, i: int) -> Part:
        """Project one record as the ordinary path does."""
        start = int(block.source.lines[i]) + 1
        parts = block.source.records, block.target.records, block.links.records
        raw = [feed.buffer[slice(*part[i].tolist())].tobytes() for feed, part in zip(feeds.all, parts, strict=True)]
        left = read_block(start, _rows(raw[0]), feeds.source.labelled, self.source_lang)
        right = read_block(start, _rows(raw[1]), feeds.target.labelled, self.target_lang, labels=False)
        given = next(read_pharaoh([raw[2].removesuffix(b"\n").removesuffix(b"\r")]))
        try:
            if isinstance(left, Read) and isinstance(right, Read) and isinstance(given, ReadAlignment):
                work = Work(left.sentence, right.sentence, alignment=given.alignment)
                return Part(start, encode_conll_projection(self.system.project(with_links([work]))[0]))
            error = next(item.error for item in (left, right, given) if isinstance(item, Rejected))
        except RecordError as raised:
            error = raised
        return Part(start, rejects=[Reject.of(start, error, shown((left, right, given)), feeds.source.path)])


def _rows(raw: bytes) -> list[bytes]:
    """The lines of a block without their ends and without the blank line that ends it."""
    rows = [row.removesuffix(b"\r") for row in raw.split(b"\n")]
    return [row for row in rows if row.strip()]


def _without(
    rows: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], left_out: BoolArray
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """A ragged array with the items that are left out made empty."""
    if not left_out.any():
        return rows, offsets
    counts = np.diff(offsets)
    kept = rows[np.repeat(~left_out, counts)]
    counts[left_out] = 0
    return kept, np.concatenate([[0], np.cumsum(counts)])


def _stop_mask(buffer: npt.NDArray[np.uint8], parsed: Conll, stop_words: Sequence[str]) -> BoolArray:
    """True for words that no candidate may contain, bool ``(W,)``."""
    starts, lengths = parsed.words[:, 0], parsed.words[:, 1] - parsed.words[:, 0]
    mask = np.zeros(len(parsed.words), np.bool_)
    codes = [word.encode() for word in stop_words]
    for length in {len(code) for code in codes}:
        same = np.flatnonzero(lengths == length)
        letters = buffer[starts[same, None] + np.arange(length)]
        for code in codes:
            if len(code) == length:
                mask[same[(letters == np.frombuffer(code, np.uint8)).all(axis=1)]] = True
    return mask
