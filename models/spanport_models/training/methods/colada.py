"""CoLaDa (Ma et al. 2023, arXiv 2305.14913): projected and target text denoise each other in rounds.

A round trains on projected text, its labels mixed with what the model of the round before says there, and then a
fresh model on the labels that this gives to the target text; words count by their neighbours' labels. Published runs
choose checkpoints on target labels; here nothing is chosen.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from spanport_models.training.examples import Example, Float32, taught
from spanport_models.training.methods.base import Need, register
from spanport_models.training.neighbours import trust, word_vectors
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ColadaOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rounds go."""

    mix: Annotated[tuple[Share, ...], msgspec.Meta(min_length=1)] = (0.5, 0.1)
    """For each round the share of the projected label in the target on projected text; the model has the rest."""
    neighbours: Annotated[int, msgspec.Meta(ge=0)] = 500
    """By how many nearest words a word is weighed; 0: all words count alike."""
    target: bool = True
    """Train on the labels of the target text, too."""


@register("colada")
class Colada:
    """Weighted cross-entropy on projected and on target text, in turn."""

    options: ClassVar = ColadaOptions
    needs: ClassVar = frozenset[Need]({"labelled", "projected", "text"})
    soft: ClassVar = False

    def __init__(self, settings: ColadaOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """The model of the sources, where the first round listens to one, and two models a round."""
        source, projected = count_words(material.labelled), count_words(material.projected)
        found = {"source": source} if self._listens(0) else {}
        for k in range(len(self.settings.mix)):
            found[f"projected-{k + 1}"] = source + projected
            if self.settings.target:
                found[f"target-{k + 1}"] = source + count_words(material.text)
        return found

    def train(self, material: Material, run: Run) -> Network:
        """The model of the last round."""
        network = run.fit("source", material.labelled, Tagging()) if self._listens(0) else run.network()
        for k, share in enumerate(self.settings.mix):
            mixed = run.kept(f"projected-{k + 1}", partial(self._mixed, material, run, network, share))
            network = run.fit(f"projected-{k + 1}", [*material.labelled, *mixed], Tagging())
            if self.settings.target:
                named = run.kept(f"target-{k + 1}", partial(self._named, material, run, network))
                network = run.fit(f"target-{k + 1}", [*material.labelled, *named], Tagging())
        return network

    def _listens(self, number: int) -> bool:
        """Whether a round needs a model from before."""
        return self.settings.mix[number] < 1

    def _mixed(self, material: Material, run: Run, network: Network, share: float) -> list[Example]:
        """Targets `share x label + (1 - share) x w x p`; they sum to less than 1 where neighbours disagree."""
        examples = material.projected
        if share == 1:
            return list(examples)
        views, weights = run.predict(network, examples), self._trust(run, network, examples)
        found = []
        for one, view, weight in zip(examples, views, weights, strict=True):
            targets = share * one.targets + (1 - share) * weight[:, None] * view
            found.append(replace(one, targets=targets.astype(np.float32)))
        return found

    def _named(self, material: Material, run: Run, network: Network) -> list[Example]:
        """The target text with the labels that the network gives it, weighed by neighbours."""
        views = run.predict(network, material.text)
        size = len(material.labels)
        named = [
            taught(one, np.eye(size, dtype=np.float32)[view.argmax(1)])
            for one, view in zip(material.text, views, strict=True)
        ]
        weights = self._trust(run, network, named)
        return [replace(one, weights=weight) for one, weight in zip(named, weights, strict=True)]

    def _trust(self, run: Run, network: Network, examples: Sequence[Example]) -> list[Float32]:
        """The weight of every word, by the labels that the examples teach."""
        if not self.settings.neighbours:
            return [np.ones(len(one.words), np.float32) for one in examples]
        vectors = np.concatenate(word_vectors(run, network, examples))
        labels = np.concatenate([one.targets.argmax(1) for one in examples])
        flat = trust(vectors, labels, run.seed, self.settings.neighbours)
        return np.split(flat, np.cumsum([len(one.words) for one in examples])[:-1])
