"""What methods train with: networks from the base, fits that are done once, predictions that are kept."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from spanport_models.export.source import read_config
from spanport_models.training.examples import Example, Float32, read_examples, write_examples
from spanport_models.training.heads import tags_already
from spanport_models.training.loop import Objective, Recipe, Say, Training
from spanport_models.training.network import Network
from spanport_models.training.options import TrainOptions


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided before the first step, and is the same when a run goes on.

    Attributes:
        epochs: Passes over the data in each fit.
        rate: Peak learning rate.
        autocast: Whether products are computed in bfloat16.
    """

    epochs: float
    rate: float
    autocast: bool


RATE, WIDTH = 5e-5, 768
WARM = 0.25
"""Factor on the rate of a base that tags already: with the rate of a fresh head it forgets more than it learns."""


def default_rate(base: Path, labels: Sequence[str]) -> float:
    """The peak learning rate of a base: 5e-5 for one 768 wide, by the square of the width more for narrower ones, and
    a quarter of that where it tags by all of the labels already."""
    rate = RATE * (WIDTH / int(read_config(base)["hidden_size"])) ** 2
    return rate * WARM if tags_already(base, labels) else rate


class Run:
    """One training with one seed.

    Args:
        base: The Hugging Face folder that every network starts from.
        labels: Names of the labels.
        options: See `TrainOptions`.
        plan: See `Plan`.
        seed: Of heads, dropout and the order of the data.
        folder: Where checkpoints and results of fits are kept.
        say: Told what is going on.
    """

    def __init__(
        self,
        base: Path,
        labels: tuple[str, ...],
        options: TrainOptions,
        plan: Plan,
        seed: int,
        folder: Path,
        say: Say,
    ) -> None:
        self.base, self.labels, self.options, self.plan = base, labels, options, plan
        self.seed, self.folder, self.say = seed, folder, say
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.seconds = 0.0
        self._parent: Run | None = None
        self._shared = ""
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def width(self) -> int:
        """Size of the base's hidden states."""
        return int(read_config(self.base)["hidden_size"])

    def network(self, start: Network | None = None) -> Network:
        """A network with the base's weights, or with those of another."""
        made = Network(self.base, self.labels, self.folder, self.seed, self.options.longest)
        made.freeze(self.options.freeze)
        if start is not None:
            made.adopt(start.trained())
            made.new_head = ()
        return made

    def beneath(self, name: str, shared: str) -> "Run":
        """A run in a folder below, which has this one's fits and examples whose names begin with `shared`."""
        own = Run(self.base, self.labels, self.options, self.plan, self.seed, self.folder / name, self.say)
        own._parent, own._shared = self, shared
        return own

    def fit(
        self,
        name: str,
        examples: Sequence[Example],
        objective: Objective,
        *,
        start: Network | None = None,
        factor: float = 1.0,
    ) -> Network:
        """A network trained on the examples, averaged over the end of its training.

        Args:
            name: Of the fit within the method; the same name is trained once.
            examples: What it is taught.
            objective: What is minimised.
            start: Whose weights it starts from; None: the base's.
            factor: On the learning rate.
        """
        if self._parent is not None and name.startswith(self._shared):
            return self._parent.fit(name, examples, objective, start=start, factor=factor)
        network = self.network(start)
        done = self.folder / f"{name}.pt"
        if not done.exists():
            stream = network.stream(examples, self.options.batch_tokens, self.seed)
            recipe = Recipe(
                max(1, round(self.plan.epochs * stream.per_epoch)),
                self.plan.rate * factor,
                self.seed,
                self.plan.autocast,
                self.options.save_seconds,
            )
            checkpoint = self.folder / f"{name}.checkpoint"
            if cut := stream.cut:
                self.say(f"{name}: {cut} of {len(stream)} sentences cut at {network.tokenizer.max_length} subwords")
            training = Training(network, stream, objective, recipe, checkpoint, name, self.say)
            weights = training.run()
            further = [module.state_dict() for module, _ in objective.further]
            result = {"weights": weights, "curve": training.curve, "seconds": training.seconds, "further": further}
            torch.save(result, done.with_suffix(".partial"))
            os.replace(done.with_suffix(".partial"), done)
            checkpoint.unlink(missing_ok=True)
        result = torch.load(done, weights_only=True)
        network.adopt(result["weights"])
        for (module, _), state in zip(objective.further, result["further"], strict=True):
            module.load_state_dict(state)
        self.curves[name] = [(step, loss) for step, loss in result["curve"]]
        (self._parent or self).seconds += result["seconds"]
        return network

    def predict(self, network: Network, examples: Sequence[Example]) -> list[Float32]:
        """Label probabilities of the words of every example, float32 (W, L)."""
        stream = network.stream(examples, 4 * self.options.batch_tokens, self.seed)
        return network.predict(stream, autocast=self.plan.autocast)

    def kept(self, name: str, make: Callable[[], Sequence[Example]]) -> list[Example]:
        """Examples that are made once and then read back when a stopped run goes on."""
        if self._parent is not None and name.startswith(self._shared):
            return self._parent.kept(name, make)
        path = self.folder / f"{name}.npz"
        if not path.exists():
            write_examples(path, make())
        return read_examples(path)


def mean_probabilities(views: Sequence[Sequence[Float32]], weights: Float32) -> list[Float32]:
    """Weighted mean of several classifiers' probabilities, sentence by sentence.

    views: for each of K classifiers float32 (W, L) a sentence; weights: float32 (K,) or (K, sentences).
    """
    shares = np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, (len(views), len(views[0])))
    return [
        np.sum([share * view for share, view in zip(shares[:, i], rows, strict=True)], axis=0).astype(np.float32)
        for i, rows in enumerate(zip(*views, strict=True))
    ]
