"""Several teachers (Wu et al. 2020, arXiv 2004.12440): one for each source, the student imitates their mixture."""

from functools import partial
from typing import ClassVar, Literal

import numpy as np

from spanport_models.errors import ModelError
from spanport_models.training.examples import Example, Float32, taught
from spanport_models.training.methods.base import Need, register
from spanport_models.training.methods.teacher import STUDENT_RATE, imitated
from spanport_models.training.mixture import learned_weights, neighbour_weights
from spanport_models.training.network import Network
from spanport_models.training.objectives import Imitation, Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run, mean_probabilities


class MultiOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the teachers are weighed."""

    weights: Literal["uniform", "learned", "nn-rank"] | tuple[float, ...] = "uniform"
    """`learned`: by a domain classifier on the target text, as published; `nn-rank`: by whose sentences are the
    nearest neighbours of the target text (after arXiv 2510.03202); or given, one for each source."""
    by_sentence: bool = False
    """Learned weights of every sentence instead of one mean for the language."""
    orthogonal: Literal["rows", "columns"] = "rows"
    """What the regulariser of learned weights holds apart: the domains (as described), or columns (the code)."""


@register("multi")
class Multi:
    """Squared error on target text against the weighted mean of one teacher per source."""

    options: ClassVar = MultiOptions
    needs: ClassVar = frozenset[Need]({"labelled", "text"})
    soft: ClassVar = False

    def __init__(self, settings: MultiOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """A teacher for each source, and the student."""
        self._check(len(material.sources))
        teachers = {f"teacher-{k}": count_words(source) for k, source in enumerate(material.sources)}
        return {**teachers, "student": count_words(material.text)}

    def train(self, material: Material, run: Run) -> Network:
        """The student."""
        self._check(len(material.sources))

        def lessons() -> list[Example]:
            told = [
                run.kept(f"teacher-{k}-text", partial(self._told, material, run, k))
                for k in range(len(material.sources))
            ]
            views = [[one.targets for one in examples] for examples in told]
            mixed = mean_probabilities(views, self._weights(material, run))
            return [taught(one, view) for one, view in zip(material.text, mixed, strict=True)]

        return run.fit("student", run.kept("text", lessons), Imitation(), factor=STUDENT_RATE)

    def _check(self, count: int) -> None:
        chosen = self.settings.weights
        if isinstance(chosen, tuple) and (len(chosen) != count or min(chosen) < 0 or not sum(chosen)):
            raise ModelError(
                f"weights {list(chosen)} for {count} labelled {'file' if count == 1 else 'files'}",
                expected="a number from 0 for each, not all of them 0",
            )

    def _told(self, material: Material, run: Run, number: int) -> list[Example]:
        """The target text with the probabilities of one teacher."""
        return imitated(run, run.fit(f"teacher-{number}", material.sources[number], Tagging()), material)

    def _weights(self, material: Material, run: Run) -> Float32:
        """Float32 (sources,), or (sources, sentences) where every sentence has its own."""
        count, chosen = len(material.sources), self.settings.weights
        if isinstance(chosen, tuple):
            found = np.array(chosen, np.float32) / sum(chosen)
        elif chosen == "uniform" or count == 1:
            found = np.full(count, 1 / count, np.float32)
        elif chosen == "learned":
            found = learned_weights(run, material, self.settings.by_sentence, self.settings.orthogonal == "rows")
        else:
            found = neighbour_weights(run, material)
        shares = found if found.ndim == 1 else found.mean(axis=1)
        told = zip(material.source_names, shares.tolist(), strict=True)
        run.say("weights of the teachers: " + ", ".join(f"{name} {share:.3f}" for name, share in told))
        return found
