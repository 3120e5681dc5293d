"""The phrases of a batch that the NMT score looks at, each made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spanport.ports import Translator
from spanport.stages.batch import PairBatch
from spanport.stages.nmt import Phrase, pieces
from spanport.systems.detokenize import phrase


class Phrases:
    """Entities and target phrases of a batch as running text, and the translator's tokens of those asked for."""

    def __init__(self, batch: PairBatch) -> None:
        self._batch = batch
        self._lengths: list[int] = batch.target_lengths.tolist()
        self._targets: dict[tuple[int, int, int], Phrase] = {}
        self._entities: dict[tuple[int, int], Phrase] = {}
        self._pieces: dict[Phrase, tuple[str, ...]] = {}

    def entity(self, pair: int, entity: int) -> Phrase:
        """An entity of a pair, by its place among those of the pair."""
        found = self._entities.get((pair, entity))
        if found is None:
            first, last, _ = self._batch.entities[int(self._batch.entity_offsets[pair]) + entity].tolist()
            source = self._batch.works[pair].source
            found = self._entities[pair, entity] = Phrase(phrase(source, first, last), source.language)
        return found

    def target(self, pair: int, start: int, end: int) -> Phrase:
        """The target words [start, end) of a pair; what lies behind its last word is left out."""
        key = (pair, start, min(end, self._lengths[pair]))
        found = self._targets.get(key)
        if found is None:
            target = self._batch.works[pair].target
            found = self._targets[key] = Phrase(phrase(target, *key[1:]), target.language)
        return found

    def cut(self, translator: Translator, phrases: Iterable[Phrase]) -> None:
        """Tokenise phrases for `leading`."""
        self._pieces.update(pieces(translator, [one for one in phrases if one not in self._pieces]))

    def leading(self, window: Phrase, parts: Sequence[Phrase]) -> list[int]:
        """How many tokens each part has, -1 where these do not lead those of the window. All must have been cut."""
        whole, rows = self._pieces[window], [self._pieces[part] for part in parts]
        return [len(row) if whole[: len(row)] == row else -1 for row in rows]
