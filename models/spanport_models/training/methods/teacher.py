"""Teacher and student (Wu et al. 2020, arXiv 2004.12440): the student imitates what `direct` says on target text."""

from typing import ClassVar

from spanport_models.training.examples import Example, taught
from spanport_models.training.methods.base import Need, register
from spanport_models.training.network import Network
from spanport_models.training.objectives import Imitation, Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run

STUDENT_RATE = 2.0
"""The student's learning rate over the teacher's, as published (1e-4 and 5e-5)."""


@register("teacher")
class Teacher:
    """Squared error of probabilities on target text against a teacher trained on the labelled sources."""

    options: ClassVar = MethodOptions
    needs: ClassVar = frozenset[Need]({"labelled", "text"})
    soft: ClassVar = False

    def __init__(self, settings: MethodOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """Teacher and student."""
        return {"teacher": count_words(material.labelled), "student": count_words(material.text)}

    def train(self, material: Material, run: Run) -> Network:
        """The student."""
        teacher = run.fit("teacher", material.labelled, Tagging())
        lessons = run.kept("text", lambda: imitated(run, teacher, material))
        return run.fit("student", lessons, Imitation(), factor=STUDENT_RATE)


def imitated(run: Run, teacher: Network, material: Material) -> list[Example]:
    """The target text with a teacher's probabilities as targets."""
    views = run.predict(teacher, material.text)
    return [taught(one, view) for one, view in zip(material.text, views, strict=True)]
