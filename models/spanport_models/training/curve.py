"""Taggers from the first 1, 2, 3, ... of several sources: what another one is worth, and how to weigh it."""

from dataclasses import replace
from typing import ClassVar, Literal, get_args

from spanport_models.training.methods.advpicker import AdvPicker, AdvPickerOptions
from spanport_models.training.methods.base import Need
from spanport_models.training.methods.multi import Multi, MultiOptions
from spanport_models.training.network import Network
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run

Weighing = Literal["uniform", "learned", "nn-rank", "adversarial"]
WEIGHINGS: tuple[Weighing, ...] = get_args(Weighing)
"""Three mixtures of one teacher per source (`multi`), and one teacher of all of them (`advpicker`)."""
Point = tuple[int, Weighing]


class SourcesCurve:
    """A student for every number of sources and every weighing of them; each source has one teacher for all."""

    options: ClassVar = MethodOptions
    needs: ClassVar = frozenset[Need]({"labelled", "text"})
    soft: ClassVar = False

    def __init__(self, settings: MethodOptions | None = None) -> None:
        self.settings = settings or MethodOptions()

    def points(self, material: Material) -> list[Point]:
        """Number of sources and weighing of every student; the mixtures of one source are all the same."""
        return [
            (count, weighing)
            for count in range(1, len(material.sources) + 1)
            for weighing in WEIGHINGS
            if count > 1 or weighing in ("uniform", "adversarial")
        ]

    def fits(self, material: Material) -> dict[str, int]:
        """The teachers and the students."""
        text = count_words(material.text)
        found = {f"teacher-{k}": count_words(source) for k, source in enumerate(material.sources)}
        for count, weighing in self.points(material):
            found[f"{count}-{weighing}"] = text
            if weighing == "adversarial":
                found[f"{count}-{weighing}-teacher"] = 2 * count_words(_first(material, count).labelled)
        return found

    def network(self, material: Material, point: Point, run: Run) -> Network:
        """The student of a point."""
        count, weighing = point
        part, own = _first(material, count), run.beneath(f"{count}-{weighing}", shared="teacher-")
        if weighing == "adversarial":
            return AdvPicker(AdvPickerOptions()).train(part, own)
        return Multi(MultiOptions(weights=weighing)).train(part, own)

    def train(self, material: Material, run: Run) -> Network:
        """The student of the last point."""
        return self.network(material, self.points(material)[-1], run)


def _first(material: Material, count: int) -> Material:
    return replace(material, sources=material.sources[:count], source_names=material.source_names[:count])
