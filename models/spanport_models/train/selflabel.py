"""Labels for native text: the half-trained encoder labels its English translation, and word links carry them over.

No gold label of the native sets is used, so that the native test sets still measure transfer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spanport_models.train.augment import spans
from spanport_models.train.pieces import Pieces
from spanport_models.train.sources import IGNORED, Pair

CONFIDENCE = 0.7
_BATCH = 4000


def project(labels: Sequence[str], links: Sequence[tuple[int, int]], length: int) -> list[str]:
    """Carry IOB2 `labels` over `links` (labelled-other) onto a sentence of `length` words.

    An entity goes to the longest run of the words it is linked to, gaps of one word allowed. When an entity has
    no link the whole sentence is :data:`IGNORED`: its words would be taught to be no entity.
    """
    target = ["O"] * length
    for start, end, kind in spans(list(labels)):
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


def _predict(model: Any, rows: list[list[list[int]]]) -> list[NDArray[np.float32]]:
    """Label probabilities at each word's first piece, for sentences of words of piece ids."""
    width = max(sum(map(len, words)) for words in rows) + 2
    ids = np.full((len(rows), width), 1, dtype=np.int64)
    starts = []
    for index, words in enumerate(rows):
        flat = [0, *(piece for word in words for piece in word), 2]
        ids[index, : len(flat)] = flat
        starts.append(1 + np.cumsum([0, *(len(word) for word in words[:-1])]))
    tensor = torch.from_numpy(ids)
    probabilities = model(input_ids=tensor, attention_mask=(tensor != 1).long()).logits.softmax(-1).numpy()
    return [probabilities[index, first] for index, first in enumerate(starts)]


@torch.no_grad()  # type: ignore[untyped-decorator]
def label_native(model: Any, pairs: list[Pair], pieces: Pieces, names: Sequence[str], longest: int) -> int:
    """Give every unlabelled, word-linked pair labels on both sides, in place; return how many got them.

    `names` are the labels in logit order. Words less certain than :data:`CONFIDENCE` are ignored in training, on
    both sides.
    """
    model.eval()
    waiting = [(pair, [pieces.word(word) for word in pair.words[0]]) for pair in pairs if _is_native(pair)]
    waiting = [(pair, words) for pair, words in waiting if 0 < sum(map(len, words)) <= longest]
    waiting.sort(key=lambda item: sum(map(len, item[1])))
    done = 0
    while done < len(waiting):
        size = max(1, _BATCH // (sum(map(len, waiting[min(len(waiting) - 1, done + 50)][1])) + 2))
        batch = waiting[done : done + size]
        for (pair, _), probabilities in zip(batch, _predict(model, [words for _, words in batch]), strict=True):
            english = [names[row.argmax()] if row.max() >= CONFIDENCE else IGNORED for row in probabilities]
            pair.labels = (english, project(english, pair.links, len(pair.words[1])))
        done += len(batch)
    model.train()
    return done


def _is_native(pair: Pair) -> bool:
    """Training text alone: on dev text that it had learned from, the model's confidence would mean nothing."""
    return pair.origin.endswith("2en/train") and bool(pair.links)
