"""Direct transfer: a tagger trained on the labelled sources alone; the base line of all others."""

from typing import ClassVar

from spanport_models.training.methods.base import Need, register
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run


@register("direct")
class Direct:
    """Cross-entropy on the labelled sources."""

    options: ClassVar = MethodOptions
    needs: ClassVar = frozenset[Need]({"labelled"})
    soft: ClassVar = False

    def __init__(self, settings: MethodOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """One fit."""
        return {"direct": count_words(material.labelled)}

    def train(self, material: Material, run: Run) -> Network:
        """The tagger."""
        return run.fit("direct", material.labelled, Tagging())
