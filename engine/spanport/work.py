"""One record on its way through a job: systems, and the steps before them, fill it from left to right."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from spanport.errors import AlignmentError, RecordError
from spanport.languages import code_of
from spanport.ports import Float32, Int32, Int64
from spanport.stream import Failed
from spanport.types import Alignment, Pair, Sentence, check_sentence

NO_LINKS = np.empty((0, 2), np.int32)
_NONE_YET = Sentence("")
"""The source of a text to label, until it is translated."""


class Work(msgspec.Struct, frozen=True):
    """A pair of sentences and what is known of it; ``source`` is empty until there is one, or where none is needed.

    ``alignment`` is what came with the record; ``links`` is int32 (E, 2), (source word, target word), sorted and
    unique, empty where the system asked for none. ``probabilities`` and ``source_probabilities`` are float32
    (words, L), the classifier's view of the target and of the source, where the system asked for it, else None.
    ``pieces`` are the translator's tokens of the target, the other tokens those of the encoder.
    """

    source: Sentence
    target: Sentence
    links: Int32 = NO_LINKS
    probabilities: Float32 | None = None
    source_probabilities: Float32 | None = None
    alignment: Alignment | None = None
    pieces: tuple[str, ...] = ()
    source_tokens: Any = None
    target_tokens: Any = None


def target_of(text: Any, lang: str) -> Work | Failed:
    """A sentence or a string to label; what its reader rejected stays as it is, and what does not fit is rejected."""
    if isinstance(text, str):
        return Work(_NONE_YET, Sentence(text, lang))
    if isinstance(text, Failed):
        return text
    if not isinstance(text, Sentence):
        return _unknown(text, "a str or a Sentence")
    try:
        check_sentence(text)
    except RecordError as error:
        return Failed(text, error)
    return Work(_NONE_YET, replace(text, language=lang))


def work_of(pair: Any) -> Work | Failed:
    """A pair to project or align; what its reader rejected stays as it is, and what does not fit is rejected."""
    if isinstance(pair, Failed):
        return pair
    if not isinstance(pair, Pair) or not (isinstance(pair.source, Sentence) and isinstance(pair.target, Sentence)):
        return _unknown(pair, "a Pair of two Sentences")
    try:
        check_sentence(pair.source)
        check_sentence(pair.target)
    except RecordError as error:
        return Failed(pair, error)
    return Work(_coded(pair.source), _coded(pair.target), alignment=pair.alignment)


def _coded(sentence: Sentence) -> Sentence:
    """The sentence with the NLLB code of its language, by whatever name it came."""
    code = code_of(sentence.language)
    return sentence if code == sentence.language else replace(sentence, language=code)


def _unknown(record: Any, expected: str) -> Failed:
    said = reprlib.repr(record)  # whatever it is, and whatever its own repr raises
    return Failed(record, RecordError(f"the record is {said} ({type(record).__name__}); expected {expected}"))


def with_links(works: Sequence[Work]) -> list[Work]:
    """The records with the links of their alignments; those without one stay as they are.

    Raises AlignmentError when an index is negative or past the last word of its side.
    """
    given = [b for b, work in enumerate(works) if work.alignment is not None]
    rows = [works[b].alignment.links for b in given]  # type: ignore[union-attr]
    offsets = np.cumsum([0, *map(len, rows)])
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(rows)), np.int64, 2 * int(offsets[-1])).reshape(-1, 2)
    owner = np.repeat(np.arange(len(given)), np.diff(offsets))
    limits = np.array([(len(works[b].source.words), len(works[b].target.words)) for b in given]).reshape(-1, 2)
    if ((flat < 0) | (flat >= limits[owner])).any():
        _refuse(flat, limits[owner])
    keys = (owner << 40) + (flat[:, 0] << 20) + flat[:, 1]
    odd = np.bincount(owner[1:][np.diff(keys) <= 0], minlength=len(given)) > 0
    edges, out = flat.astype(np.int32), list(works)
    for b, (first, last), unsorted in zip(given, pairwise(offsets.tolist()), odd.tolist(), strict=True):
        if unsorted:
            links = np.unique(edges[first:last], axis=0)
            out[b] = replace(works[b], links=links, alignment=alignment_of(links))
        else:
            out[b] = replace(works[b], links=edges[first:last])
    return out


def _refuse(links: Int64, limits: Int64) -> None:
    row, side = (int(x) for x in np.argwhere((links < 0) | (links >= limits))[0])
    name = ("source", "target")[side]
    raise AlignmentError(
        f"alignment link {links[row, 0]}-{links[row, 1]}: the {name} has {limits[row, side]} words, so its index "
        f"must lie in 0..{limits[row, side] - 1}; check that the links are 0-indexed and made on these words"
    )


def alignment_of(links: Int32) -> Alignment:
    """The links, int32 (E, 2), as users get them."""
    return Alignment(tuple(map(tuple, links.tolist())))
