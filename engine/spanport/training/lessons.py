"""What carried-over labels teach: certain words by their confidence, doubtful ones nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spanport.checked import Checked, Share
from spanport.languages import writes_without_spaces
from spanport.ports import BoolArray, Float32
from spanport.types import Projection, Sentence, word_ranges
from spanport.work import Work

if TYPE_CHECKING:
    from spanport.systems.calibrated.system import Calibrated, Scored
    from spanport_models.training import Example

_CHUNK = 512
_SURE_SOURCE = 0.5
TAUGHT = 0.5
"""Of the threshold from which a span is named, that from which it is taught."""


class LessonOptions(Checked, frozen=True, kw_only=True):
    """How confidence is used; all on by default, each can be switched off to see what it is worth."""

    mask: bool = True
    """Leave out words of doubtful spans, and all words without a label where an entity of the source got lost:
    neither is taught as O."""
    weigh: bool = True
    """Weigh words by the confidence in what they are taught."""
    tau: Share | None = None
    """Least confidence of a span that is taught; None: half of that with the best F1 on dev data of other languages.
    A doubtful span weighs little already, and whoever is not shown it sees fewer entities than there are."""
    doubt: Share = 0.15
    """Confidence from which a span that is not taught is doubtful; below it is no span."""


def tags_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """O, and B- and I- of every label."""
    return ("O", *(prefix + kind for kind in kinds for prefix in ("B-", "I-")))


def gold_example(sentence: Sentence, tags: Sequence[str], kinds: frozenset[str], domain: int) -> Example:
    """What a labelled sentence teaches; `kinds` are the labels that its data set has.

    A span with a score (labelled by a machine) weighs that much.
    """
    from spanport_models.training import Example

    place = {tag: i for i, tag in enumerate(tags)}
    n = len(sentence.words)
    targets, weights = np.zeros((n, len(tags)), np.float32), np.ones(n, np.float32)
    targets[:, 0] = 1.0
    for span in sentence.spans:
        for start, end, label in word_ranges(sentence.words, (span,)):
            _teach(targets, start, end, label, place, 1.0)
            weights[start:end] = 1.0 if span.score is None else span.score
    unspaced = writes_without_spaces(sentence.language)
    return Example(tuple(sentence.word_texts()), targets, weights, _known(tags, kinds), domain, unspaced)


def projected_examples(
    works: Sequence[Work],
    system: Calibrated,
    tags: Sequence[str],
    options: LessonOptions,
    *,
    soft: bool,
    domain: int,
    kinds: frozenset[str] | None = None,
) -> list[Example]:
    """What the labels that `calibrated` carries over teach, one example a work.

    soft: with probability c a span is right, and else the classifier's view decides; otherwise a word has one label.
    kinds: the labels that can be carried over, all where None; of others the text says nothing.
    """
    from spanport.systems.calibrated.system import select

    tau = TAUGHT * system.tau if options.tau is None else options.tau
    found: list[Example] = []
    for start in range(0, len(works), _CHUNK):
        scored = system.score(works[start : start + _CHUNK])
        views = _views(scored, system, tags) if soft and system.settings.view else [None] * len(scored.batch)
        doubts = _doubts(scored, {tag[2:] for tag in tags[1:]})
        for projection, view, doubt in zip(select(scored, tau), views, doubts, strict=True):
            found.append(_lesson(projection, view, doubt, tags, options, domain))
    if kinds is None:
        return found
    known = _known(tags, kinds)
    return [replace(one, known=known) for one in found]


def _lesson(
    projection: Projection,
    view: Float32 | None,
    doubt: Float32,
    tags: Sequence[str],
    options: LessonOptions,
    domain: int,
) -> Example:
    """doubt: float32 (W,), the most probable candidate over each word; view: float32 (W, L)."""
    from spanport_models.training import Example

    place = {tag: i for i, tag in enumerate(tags)}
    target = projection.target
    outside = np.zeros(len(tags), np.float32)
    outside[0] = 1.0
    wrong = np.tile(outside, (len(target.words), 1)) if view is None else view
    targets = outside + doubt[:, None] * (wrong - outside) if view is not None else wrong.copy()
    weights = 1 - doubt if options.weigh else np.ones_like(doubt)
    if options.mask:
        weights[doubt >= options.doubt] = 0.0
        if _lost(projection, {tag[2:] for tag in tags[1:]}):
            weights[:] = 0.0
    for span in projection.spans:
        if "B-" + span.label in place:
            for start, end, label in word_ranges(target.words, (span,)):  # type: ignore[arg-type]
                share = span.score if view is not None else 1.0
                targets[start:end] = (1 - share) * wrong[start:end]
                _teach(targets, start, end, label, place, share, add=True)
                weights[start:end] = span.score if options.weigh else 1.0
    return Example(
        tuple(target.word_texts()),
        targets.astype(np.float32),
        weights.astype(np.float32),
        np.ones(len(tags), np.bool_),
        domain,
        writes_without_spaces(target.language),
    )


def _known(tags: Sequence[str], kinds: frozenset[str]) -> BoolArray:
    return np.array([tag == "O" or tag[2:] in kinds for tag in tags], np.bool_)


def _teach(
    targets: Float32, start: int, end: int, label: str, place: dict[str, int], share: float, add: bool = False
) -> None:
    if not add:
        targets[start:end] = 0.0
    targets[start, place["B-" + label]] += share
    targets[start + 1 : end, place["I-" + label]] += share


def _lost(projection: Projection, kinds: set[str]) -> bool:
    """Whether an entity of the source has no counterpart: where it is in the target, nobody knows."""
    carried = {span.source for span in projection.spans}
    return any(
        span.label in kinds and (span.score is None or span.score >= _SURE_SOURCE) and span not in carried
        for span in projection.source.spans
    )


def _doubts(scored: Scored, kinds: set[str]) -> list[Float32]:
    """Of each work's words the probability of the likeliest candidate that covers it."""
    batch, (ranges, _), probability = scored
    wanted = np.array([label in kinds for label in batch.labels], np.bool_)
    kept = wanted[batch.entities[ranges.entity, 2]] if len(batch.entities) else np.zeros(0, np.bool_)
    offsets = np.concatenate([[0], np.cumsum(batch.target_lengths)])
    begin, length = (offsets[ranges.pair] + ranges.start)[kept], (ranges.end - ranges.start)[kept]
    at = np.repeat(begin - np.cumsum(length) + length, length) + np.arange(length.sum())
    doubts = np.zeros(int(offsets[-1]), np.float32)
    np.maximum.at(doubts, at, np.repeat(probability[kept], length).astype(np.float32))
    return np.split(doubts, offsets[1:-1])


def _views(scored: Scored, system: Calibrated, tags: Sequence[str]) -> list[Float32]:
    """The classifier's view of each work's target by our tags; labels that we do not have count as O."""
    theirs = system.tools.encoder.labels
    columns = [tags.index(label) if label in tags else 0 for label in theirs]
    into = np.zeros((len(theirs), len(tags)), np.float32)
    into[np.arange(len(theirs)), columns] = 1.0
    return [work.probabilities @ into for work in scored.batch.works]  # type: ignore[operator]
