"""Entity precision, recall and F1: exact span and label, as in conlleval and seqeval's default mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from spanport.errors import LengthMismatchError, RecordError
from spanport.types import Sentence

Entity = tuple[int, int, str]
"""Start, end and label; in words where both sentences have the same words, else in characters."""


class Scores(msgspec.Struct, frozen=True):
    """Counts and what follows from them; 0 where a denominator is 0, as seqeval has it."""

    correct: int
    predicted: int
    gold: int
    precision: float
    recall: float
    f1: float


class EntityScores(msgspec.Struct, frozen=True):
    """Scores per label, over all entities (micro), and the mean over labels (macro: precision, recall, F1)."""

    labels: dict[str, Scores]
    micro: Scores
    macro: tuple[float, float, float]
    projection_ratio: float
    """Mean over sentences of predicted over gold entities; 0/0 is 1 and x/0 is 0 (arXiv 2501.18750)."""

    def to_rows(self) -> list[dict[str, Any]]:
        """One row per label in alphabetical order, then ``micro`` and ``macro``."""
        rows = [{"label": label, **msgspec.structs.asdict(scores)} for label, scores in self.labels.items()]
        precision, recall, f1 = self.macro
        rows.append({"label": "micro", **msgspec.structs.asdict(self.micro)})
        rows.append({**rows[-1], "label": "macro", "precision": precision, "recall": recall, "f1": f1})
        return rows


class EntityCounts(msgspec.Struct, frozen=True, eq=False):
    """What every figure is made of.

    ``table`` has shape (sentences, labels, 3), int64: correct, predicted and gold entities.
    """

    labels: tuple[str, ...]
    table: NDArray[np.int64]

    def scores(self) -> EntityScores:
        """The figures of all sentences together."""
        per_label = {label: f_scores(*map(int, row)) for label, row in zip(self.labels, self.totals(), strict=True)}
        n = len(per_label) or 1
        rows = per_label.values()
        macro = (sum(s.precision for s in rows) / n, sum(s.recall for s in rows) / n, sum(s.f1 for s in rows) / n)
        return EntityScores(per_label, f_scores(*map(int, self.totals().sum(axis=0))), macro, self.projection_ratio())

    def totals(self) -> NDArray[np.int64]:
        """Counts over all sentences, shape (labels, 3)."""
        return np.asarray(self.table.sum(axis=0), dtype=np.int64)

    def projection_ratio(self) -> float:
        """See `EntityScores.projection_ratio`; 1 when there is no sentence."""
        if not len(self.table):
            return 1.0
        predicted, gold = self.table[:, :, 1].sum(axis=1), self.table[:, :, 2].sum(axis=1)
        ratios = np.where(gold > 0, predicted / np.maximum(gold, 1), predicted == 0)
        return float(ratios.mean())

    def micro_rows(self) -> NDArray[np.int64]:
        """Counts of every sentence over all labels, shape (sentences, 3)."""
        return np.asarray(self.table.sum(axis=1), dtype=np.int64)


def count_entities(
    gold: Iterable[Sentence], predicted: Iterable[Sentence], ignore: Iterable[str] = ()
) -> EntityCounts:
    """Count the entities of two sets of labels on the same sentences.

    Args:
        gold, predicted: the same sentences in the same order.
        ignore: labels left out on both sides.

    Raises:
        LengthMismatchError: there are more sentences on one side.
        RecordError: two sentences differ in their text.
    """
    ignored = frozenset(ignore)
    pairs = []
    for n, wanted, found in sentence_pairs(gold, predicted):
        sides = common_entities(wanted, found, n)
        pairs.append([{entity for entity in side if entity[2] not in ignored} for side in sides])
    labels = sorted({label for pair in pairs for side in pair for _, _, label in side})
    column = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(pairs), len(labels), 3), dtype=np.int64)
    for n, (in_gold, in_predicted) in enumerate(pairs):
        for kind, entities in enumerate((in_gold & in_predicted, in_predicted, in_gold)):
            for _, _, label in entities:
                table[n, column[label], kind] += 1
    return EntityCounts(tuple(labels), table)


def f_scores(correct: int, predicted: int, gold: int) -> Scores:
    """Precision, recall and F1 of counts."""
    precision = correct / predicted if predicted else 0.0
    recall = correct / gold if gold else 0.0
    f1 = 2 * correct / (predicted + gold) if predicted + gold else 0.0
    return Scores(correct, predicted, gold, precision, recall, f1)


def sentence_pairs(
    gold: Iterable[Sentence], predicted: Iterable[Sentence]
) -> Iterator[tuple[int, Sentence, Sentence]]:
    """Both sides in step: the 0-based number of the sentence, gold, predicted.

    Raises:
        LengthMismatchError: at the end, when one side has more.
    """
    left, right = iter(gold), iter(predicted)
    for n, (wanted, found) in enumerate(zip_longest(left, right)):
        if wanted is None or found is None:
            longer = sum(1 for _ in (right if wanted is None else left)) + n + 1
            counts = (n, longer) if wanted is None else (longer, n)
            raise LengthMismatchError(
                f"{counts[0]} gold and {counts[1]} predicted sentences; both sides must have the same sentences"
            )
        yield n, wanted, found


def common_entities(gold: Sentence, predicted: Sentence, number: int = 0) -> tuple[list[Entity], list[Entity]]:
    """The entities of both sides, one per span, in the same units.

    The units are words where both sides have the same ones (a span that cuts a word then takes all of it), else
    characters of the same text.

    Raises:
        RecordError: neither the texts nor the words are the same.
    """
    same_text = gold.text == predicted.text
    same_words = gold.words == predicted.words if same_text else gold.word_texts() == predicted.word_texts()
    if gold.words and same_words:
        in_words = gold.word_spans(), predicted.word_spans()
        if len(in_words[0]) == len(gold.spans) and len(in_words[1]) == len(predicted.spans):
            return in_words
    if same_text:
        return _characters(gold), _characters(predicted)
    raise RecordError(_texts_differ(gold.text, predicted.text, number), record=predicted.text)


def _texts_differ(gold: str, predicted: str, number: int) -> str:
    shorter = min(len(gold), len(predicted))
    common = next((i for i in range(shorter) if gold[i] != predicted[i]), shorter)
    return (
        f"sentence {number + 1}: gold and predicted text differ from character {common} on "
        f"({gold[common : common + 20]!r}, {predicted[common : common + 20]!r}); both sides must have the same "
        "sentences in the same order"
    )


def _characters(sentence: Sentence) -> list[Entity]:
    return [(span.start, span.end, span.label) for span in sentence.spans]
