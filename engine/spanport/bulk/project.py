"""CoNLL in, CoNLL out over Pharaoh alignments: read, match and write by kernels.

A record that the fast parsers flag (another form of link, a bad label, invalid UTF-8) takes the ordinary path on its
own and comes out, or is rejected, in its place. The output is byte for byte that of the ordinary readers, system and
writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanport.bulk.feeds import Block, Feeds
from spanport.bulk.ordinary import fields_of_batch, project_one
from spanport.errors import RecordError
from spanport.formats.conll import encode_conll_projection, read_block
from spanport.formats.pharaoh import read_pharaoh
from spanport.formats.records import shown
from spanport.matching.batch import PairBatch
from spanport.output import Part, Reject
from spanport.ports import BoolArray
from spanport.systems.base import Matcher, System, make_system
from spanport.types import Projection
from spanport_kernels.label_codes import LabelTypes, spans_of_codes
from spanport_kernels.pharaoh import flag_ranges
from spanport_kernels.write import write_conll


def project_files(
    source: str,
    target: str,
    alignments: str,
    system: System | None = None,
    *,
    source_lang: str = "",
    target_lang: str = "",
    skip: int = 0,
    types: LabelTypes | None = None,
) -> Iterator[Part]:
    """The records of three line-parallel files after the first `skip`, in order, some thousands at a time.

    `system` is a `Matcher` that needs links only (`ngram` by default); `types` gathers the entity types that are
    met. Raises UsageError when a file cannot be opened, LengthMismatchError at the end when one has more records.
    """
    made = system or make_system("ngram")
    assert isinstance(made, Matcher), "the system matches by links alone; see `fits`"
    bulk = _Bulk(made, source_lang, target_lang, types or LabelTypes())
    with Feeds(source, target, alignments) as feeds:
        for block in feeds.blocks(skip):
            yield bulk.part(feeds, block)


@dataclass(frozen=True)
class ParsedBatch(PairBatch):
    """Pairs whose target words are bytes of a file; `works` is empty."""

    buffer: npt.NDArray[np.uint8]
    words: npt.NDArray[np.int64]

    def target_words(self) -> list[str]:
        """The words of all targets; what is not UTF-8 is replaced, for such records are done anew."""
        text = self.buffer.tobytes()
        return [text[start:end].decode(errors="replace") for start, end in self.words.tolist()]

    def stop_mask(self, stop_words: Sequence[str]) -> BoolArray:
        """True for target words that are among these, bool (target words,)."""
        starts, lengths = self.words[:, 0], self.words[:, 1] - self.words[:, 0]
        mask = np.zeros(len(self.words), np.bool_)
        codes = [word.encode() for word in stop_words]
        for length in {len(code) for code in codes}:
            same = np.flatnonzero(lengths == length)
            letters = self.buffer[starts[same, None] + np.arange(length)]
            for code in codes:
                if len(code) == length:
                    mask[same[(letters == np.frombuffer(code, np.uint8)).all(axis=1)]] = True
        return mask


class _Bulk:
    def __init__(self, system: Matcher, source_lang: str, target_lang: str, types: LabelTypes) -> None:
        self.system, self.source_lang, self.target_lang = system, source_lang, target_lang
        self.types = types

    def part(self, feeds: Feeds, block: Block) -> Part:
        """Project the records of a block."""
        source, target, links = block
        lengths = np.diff(target.offsets)
        entities = spans_of_codes(self.types.codes(feeds.source.buffer, source), source)
        flag_ranges(links, np.diff(source.offsets), lengths)
        slow = (source.flags | target.flags | links.flags) != 0
        laid_out = fields_of_batch(entities, links, lengths, slow)
        batch = ParsedBatch(**laid_out, buffer=feeds.target.buffer, words=target.words)
        found = self.system.match(batch)
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
        outcome = project_one(self.system, left, right, given)
        if isinstance(outcome, Projection):
            try:
                return Part(start, encode_conll_projection(outcome))
            except RecordError as error:
                outcome = error
        return Part(start, rejects=[Reject.of(start, outcome, shown((left, right, given)), feeds.source.path)])


def _rows(raw: bytes) -> list[bytes]:
    """The lines of a block without their ends and without the blank line that ends it."""
    rows = [row.removesuffix(b"\r") for row in raw.split(b"\n")]
    return [row for row in rows if row.strip()]
