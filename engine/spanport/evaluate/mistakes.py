"""Why entities are wrong: the label, the boundary, both, or nothing there at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from spanport.evaluate.entities import Entity, common_entities, sentence_pairs
from spanport.types import Sentence


class Mistakes(msgspec.Struct, frozen=True):
    """Gold and predicted entities paired one to one, by kind.

    ``correct + label + boundary + both + missed`` is the number of gold entities, and with ``spurious`` for
    ``missed`` the number of predicted ones.
    """

    correct: int = 0
    label: int = 0
    """The same words, another label."""
    boundary: int = 0
    """The same label, other words that overlap."""
    both: int = 0
    """Another label and other words that overlap."""
    missed: int = 0
    spurious: int = 0

    def to_row(self) -> dict[str, Any]:
        """The counts by name."""
        return msgspec.structs.asdict(self)


def count_mistakes(gold: Iterable[Sentence], predicted: Iterable[Sentence], ignore: Iterable[str] = ()) -> Mistakes:
    """Count the mistakes of all sentences.

    Entities are paired in the order of `Mistakes`' fields, so that no boundary error takes away the partner of a
    label error.

    Raises:
        LengthMismatchError, RecordError: as `spanport.evaluate.count_entities`.
    """
    ignored = frozenset(ignore)
    counts = [0] * 6
    for n, wanted, found in sentence_pairs(gold, predicted):
        sides = [_without(side, ignored) for side in common_entities(wanted, found, n)]
        counts = [total + here for total, here in zip(counts, _kinds(*sides), strict=True)]
    return Mistakes(*counts)


def _kinds(gold: list[Entity], predicted: list[Entity]) -> list[int]:
    counts = []
    for related in (_same, _same_words, _overlap_same_label, _overlap):
        pairs = 0
        for entity in list(gold):
            partner = next((other for other in predicted if related(entity, other)), None)
            if partner is not None:
                gold.remove(entity)
                predicted.remove(partner)
                pairs += 1
        counts.append(pairs)
    return [*counts, len(gold), len(predicted)]


def _without(entities: Iterable[Entity], ignored: frozenset[str]) -> list[Entity]:
    return sorted({entity for entity in entities if entity[2] not in ignored})


def _same(a: Entity, b: Entity) -> bool:
    return a == b


def _same_words(a: Entity, b: Entity) -> bool:
    return a[:2] == b[:2]


def _overlap(a: Entity, b: Entity) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _overlap_same_label(a: Entity, b: Entity) -> bool:
    return a[2] == b[2] and _overlap(a, b)
