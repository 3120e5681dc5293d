"""Labels for text of other languages: the network labels its English translation, and word links carry them over.

No gold label of the native sets is used, so that the native test sets still measure transfer.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mini.base import LABELS
from mini.labels import IGNORED, entity_texts, spans
from mini.rows import CAPITAL, LONGEST, Batch, RowMaker, batches
from mini.sources import UNSPACED, Pair
from mini.standards import apart, standard

CONFIDENCE = 0.7
ALMOST = 0.8
_BATCH = 4000
States = Callable[[Batch], tuple[torch.Tensor, torch.Tensor]]
"""Logits (W, L) and word vectors (W, d) of a batch's words."""


def own_links(
    left: NDArray[np.float32], right: NDArray[np.float32], written: tuple[NDArray[np.int8], NDArray[np.int8]]
) -> NDArray[np.int64]:
    """Word pairs (E, 2) that are each other's nearest, by unit vectors of both sides, and names that are two words.

    A capitalised word beside the counterpart of its own nearest word belongs to the same name ("UK", "Reino Unido"),
    and so does one without case if it is almost as near. written: int8 (W,), of either side, as `Batch` has it.
    """
    similarity = left @ right.T
    there, back = similarity.argmax(1), similarity.argmax(0)
    rows = np.flatnonzero(back[there] == np.arange(len(left)))
    mutual = np.stack([rows, there[rows]], 1)
    wide = _beside(similarity, mutual, *written)
    return np.concatenate([mutual, wide, _beside(similarity.T, mutual[:, ::-1], *written[::-1])[:, ::-1]])


def _beside(
    similarity: NDArray[np.float32], links: NDArray[np.int64], near: NDArray[np.int8], far: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Links (near, far) of unlinked far words whose nearest near word is linked to the far word next to them."""
    places, nearest = np.arange(len(far)), similarity.argmax(0)
    partner = np.full(len(near), -2)
    partner[links[:, 0]] = links[:, 1]
    beside = partner[nearest]
    found = (np.abs(places - beside) == 1) & (far > 0) & (far[beside] > 0) & (near[nearest] > 0)
    found &= (far == CAPITAL) | (similarity[nearest, places] >= ALMOST * similarity[nearest, beside])
    found[links[:, 1]] = False
    return np.stack([nearest[found], np.flatnonzero(found)], 1)


def project(labels: Sequence[str], links: Sequence[tuple[int, int]], length: int) -> list[str]:
    """Carry IOB2 `labels` over `links` (labelled-other) onto a sentence of `length` words.

    An entity goes to the longest run of the words it is linked to, gaps of one word allowed. When an entity has
    no link the whole sentence is `IGNORED`: its words would be taught to be no entity.
    """
    target = ["O"] * length
    for start, end, kind in spans(labels):
        places = sorted({j for i, j in links if start <= i < end})
        if not places:
            return [IGNORED] * length
        runs: list[list[int]] = [[places[0], places[0]]]
        for place in places[1:]:
            if place - runs[-1][1] <= 2:
                runs[-1][1] = place
            else:
                runs.append([place, place])
        first, last = max(runs, key=lambda run: run[1] - run[0])
        target[first : last + 1] = [f"B-{kind}"] + [f"I-{kind}"] * (last - first)
    doubtful = {j for i, j in links if labels[i] == IGNORED}
    return [IGNORED if index in doubtful else label for index, label in enumerate(target)]


@torch.no_grad()  # type: ignore[untyped-decorator]
def label_native(states: States, pairs: list[Pair], make: RowMaker) -> int:
    """Label both sides of the pairs in place, and split raw text into words; return how many got labels.

    Words less certain than `CONFIDENCE` are ignored in training, on both sides, and so are words whose carried label
    the network, reading the word's own sentence, is certain to be another. Dev text is left alone: on what
    it has learned from, the network's confidence would mean nothing. So is text without spaces that nobody split.
    """
    waiting = {}
    for pair in pairs:
        if pair.origin.endswith("/dev") or (pair.language[:3] in UNSPACED and not pair.words[1]):
            continue
        if not pair.words[0]:
            pair.words = (make.pieces.split(pair.texts[0]), make.pieces.split(pair.texts[1]))
        pair.labels = ([], [])
        example = make(pair)
        if example.width() <= LONGEST and all(pair.words):
            waiting[id(example)] = (example, pair)
    for examples in batches([example for example, _ in waiting.values()], _BATCH):
        batch = Batch(examples)
        logits, vectors = (values.numpy() for values in states(batch))
        for example, (links, english, other) in zip(examples, batch.pairs, strict=True):
            a, b = (slice(batch.first[row], batch.first[row + 1]) for row in (english, other))
            pair = waiting[id(example)][1]
            found = links or own_links(vectors[a], vectors[b], (batch.written[a], batch.written[b])).tolist()
            labels = apart(pair.words[0], _confident(logits[a]))
            carried = apart(pair.words[1], project(labels, found, len(pair.words[1])))
            ruled = standard(pair.words[1], carried, pair.language, entity_texts(pair.words[0], labels))
            pair.labels = (labels, _undisputed(ruled, carried, _confident(logits[b])))
    return len(waiting)


def _confident(logits: NDArray[np.float32]) -> list[str]:
    """The likeliest label of each word, `IGNORED` where it is in doubt."""
    values = np.exp(logits - logits.max(1, keepdims=True))
    certain = 1 / values.sum(1) >= CONFIDENCE
    return [LABELS[k] if sure else IGNORED for k, sure in zip(logits.argmax(1), certain, strict=True)]


def _undisputed(ruled: list[str], carried: list[str], seen: list[str]) -> list[str]:
    """The labels, `IGNORED` where the network's own certain label of the word is another, unless by a rule."""
    return [
        a if b in (a, IGNORED) or a != before else IGNORED for a, before, b in zip(ruled, carried, seen, strict=True)
    ]
