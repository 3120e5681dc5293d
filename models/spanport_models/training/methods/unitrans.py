"""UniTrans (Wu et al. 2020, IJCAI): a teacher tuned on both kinds of data, and the vote of three models.

Published, the translated data is made word by word with unsupervised dictionaries; here it is the projected text.
"""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from spanport_models.training.examples import Batch, Example, Float32, taught
from spanport_models.training.loop import Figures
from spanport_models.training.losses import soft_cross_entropy, squared_error
from spanport_models.training.methods.base import Need, register
from spanport_models.training.methods.teacher import STUDENT_RATE
from spanport_models.training.network import Network
from spanport_models.training.objectives import Beside, Further, Tagging, tensors
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run


class UniTransOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the student adds to the teacher's probabilities."""

    vote: float = 1.0
    """Weight of cross-entropy with the teacher's label on words where all three models agree; 0 is none."""


class Voted:
    """Squared error against the teacher, and cross-entropy on the words that were agreed on."""

    further: Further = ()

    def __init__(self, agreed: Beside, weight: float) -> None:
        self.agreed, self.weight = agreed, weight

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        logits = network(batch).logits
        targets, weights, _ = tensors(batch)
        imitation = squared_error(logits, targets, weights)
        votes = self.agreed.of(network).collate(batch.numbers)
        named = soft_cross_entropy(logits, torch.from_numpy(votes.targets), torch.from_numpy(votes.weights))
        return imitation + self.weight * named, {
            "imitation": float(imitation.detach()),
            "vote": float(named.detach()),
        }


@register("unitrans")
class UniTrans:
    """A student of a teacher that was trained on sources and then on projections."""

    options: ClassVar = UniTransOptions
    needs: ClassVar = frozenset[Need]({"labelled", "projected", "text"})
    soft: ClassVar = False

    def __init__(self, settings: UniTransOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """Models of the sources, of the projections, of both in turn, and the student."""
        source, projected = count_words(material.labelled), count_words(material.projected)
        return {"source": source, "projected": projected, "tuned": projected, "student": count_words(material.text)}

    def train(self, material: Material, run: Run) -> Network:
        """The student."""

        def lessons() -> list[Example]:
            source = run.fit("source", material.labelled, Tagging())
            views = [run.predict(source, material.text)]
            tuned = run.fit("tuned", material.projected, Tagging(), start=source)
            views.insert(0, run.predict(tuned, material.text))
            views.append(run.predict(run.fit("projected", material.projected, Tagging()), material.text))
            learned = [taught(one, view) for one, view in zip(material.text, views[0], strict=True)]
            return [*learned, *agreement(learned, views)]

        both = run.kept("text", lessons)
        learned, agreed = both[: len(both) // 2], both[len(both) // 2 :]
        beside = Beside(agreed, run.options.batch_tokens, run.seed)
        return run.fit("student", learned, Voted(beside, self.settings.vote), factor=STUDENT_RATE)


def agreement(learned: list[Example], views: list[list[Float32]]) -> list[Example]:
    """The sentences with the label of the first view, certain; weight 0 where another view names another one."""
    found = []
    for i, one in enumerate(learned):
        best = np.stack([view[i].argmax(1) for view in views])
        named = np.eye(one.targets.shape[1], dtype=np.float32)[best[0]]
        found.append(replace(one, targets=named, weights=(best == best[0]).all(0).astype(np.float32)))
    return found
