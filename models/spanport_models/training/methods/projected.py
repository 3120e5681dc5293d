"""Training on projected labels, each word weighted by the confidence in its span; what is doubtful is left out."""

from typing import ClassVar

from spanport_models.training.examples import Example
from spanport_models.training.methods.base import Need, register
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run


class ProjectedOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is trained on."""

    sources: bool = True
    """The labelled sources as well, where there are some."""


@register("projected")
class Projected:
    """Weighted cross-entropy on projected labels."""

    options: ClassVar = ProjectedOptions
    needs: ClassVar = frozenset[Need]({"projected"})
    soft: ClassVar = False

    def __init__(self, settings: ProjectedOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """One fit."""
        return {"projected": count_words(self._examples(material))}

    def train(self, material: Material, run: Run) -> Network:
        """The tagger."""
        return run.fit("projected", self._examples(material), Tagging())

    def _examples(self, material: Material) -> tuple[Example, ...]:
        return (*(material.labelled if self.settings.sources else ()), *material.projected)
