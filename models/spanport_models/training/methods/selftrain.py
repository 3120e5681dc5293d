"""Rounds of calibrated labels (ours): what the student sees is the classifier's view of the next round."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar

import msgspec

from spanport_models.training.examples import Example
from spanport_models.training.methods.base import Need, register
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run


class SelfOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labels and students take turns."""

    rounds: Annotated[int, msgspec.Meta(ge=1)] = 2
    """How often the student is taught: each time but the first with labels that were carried over with its view of
    the text, going on from where it was."""
    hard: bool = False
    """One label for each word instead of its probabilities."""
    sources: bool = True
    """The labelled sources as well, where there are some."""


@register("self")
class SelfTraining:
    """Cross-entropy with the probabilities of `calibrated`, which links, English labels and a classifier agree on."""

    options: ClassVar = SelfOptions
    needs: ClassVar = frozenset[Need]({"projected"})

    def __init__(self, settings: SelfOptions) -> None:
        self.settings = settings

    @property
    def soft(self) -> bool:
        """Whether targets are probabilities."""
        return not self.settings.hard

    def fits(self, material: Material) -> dict[str, int]:
        """A fit for each round."""
        words = count_words(material.projected) + (count_words(material.labelled) if self.settings.sources else 0)
        return {f"round-{k + 1}": words for k in range(self._rounds(material))}

    def train(self, material: Material, run: Run) -> Network:
        """The student of the last round."""
        student = run.fit("round-1", self._with_sources(material, material.projected), Tagging())
        for k in range(2, self._rounds(material) + 1):
            lessons = run.kept(f"lessons-{k}", partial(_again, material, run, student))
            student = run.fit(f"round-{k}", self._with_sources(material, lessons), Tagging(), start=student)
        return student

    def _rounds(self, material: Material) -> int:
        """One where the labels came with the text: nothing can be carried over again."""
        return self.settings.rounds if material.relabel else 1

    def _with_sources(self, material: Material, lessons: Sequence[Example]) -> list[Example]:
        return [*(material.labelled if self.settings.sources else ()), *lessons]


def _again(material: Material, run: Run, student: Network) -> list[Example]:
    """The target text labelled anew with the student's view of it."""
    if material.relabel is None:
        raise TypeError("labels that came with the text cannot be carried over again")
    run.say(f"labelling {len(material.projected):,} sentences anew with the student's view")
    return material.relabel(run.predict(student, material.projected))
