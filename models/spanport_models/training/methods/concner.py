"""ConCNER-style training (after Fu et al. 2022, arXiv 2204.00796): contrast of translations and of labels.

The paper's formulas are not public: this follows its group's sibling CL-XABSA and claims no reproduction. Specials,
padding and words that are left out take no part; a distillation as in `teacher` follows.
"""

from typing import Annotated, ClassVar, Literal

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from spanport_models.training.examples import Batch
from spanport_models.training.loop import Figures
from spanport_models.training.losses import contrast
from spanport_models.training.methods.base import Need, register
from spanport_models.training.methods.teacher import STUDENT_RATE, imitated
from spanport_models.training.network import Network, Outputs
from spanport_models.training.objectives import Beside, Further, Imitation, tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run

SCALE = 0.07
_MOST = 512
Weight = Annotated[float, msgspec.Meta(ge=0)]


class ConcnerOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is contrasted, and how much it counts."""

    translation: Weight = 0.01
    """Weight of the contrast of sentences: a sentence and its translation belong together. The contrasts are some
    hundred times the cross-entropy of a network that tags already."""
    label: Weight = 0.01
    """Weight of the contrast of words: words of the same label belong together."""
    temperature: Annotated[float, msgspec.Meta(gt=0)] = 0.9
    space: Literal["states", "logits"] = "logits"
    """What stands for a word: its last hidden state, or its logits as in the sibling's code."""
    normalise: bool = False
    """Vectors of length 1."""


class Contrasting:
    """Cross-entropy on sources; on sentences and their translations the two contrasts."""

    further: Further = ()

    def __init__(self, settings: ConcnerOptions, origins: Beside, targets: Beside) -> None:
        self.settings, self.origins, self.targets = settings, origins, targets

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        named = tagging(network(batch), batch)
        theirs = self.targets.of(network).batch(step)
        ours = self.origins.of(network).collate(theirs.numbers)
        seen = [(network(one), one) for one in (ours, theirs)]
        together = self._translations(seen)
        alike = self._labels(seen)
        loss = named + self.settings.translation * together + self.settings.label * alike
        figures = {"tagging": named, "translation": together, "label": alike}
        return loss, {name: float(value.detach()) for name, value in figures.items()}

    def _scaled(self, vectors: Tensor, positive: Tensor) -> Tensor:
        temperature = self.settings.temperature
        vectors = functional.normalize(vectors, dim=-1) if self.settings.normalise else vectors
        return contrast(vectors, positive, temperature) * (temperature / SCALE)

    def _translations(self, seen: list[tuple[Outputs, Batch]]) -> Tensor:
        vectors = torch.cat([out.states[:, 0] for out, _ in seen])
        count = len(vectors) // 2
        numbers = torch.arange(count).repeat(2)
        return self._scaled(vectors, numbers[:, None] == numbers[None, :])

    def _labels(self, seen: list[tuple[Outputs, Batch]]) -> Tensor:
        vectors, labels = [], []
        for out, batch in seen:
            states = out.states.flatten(0, 1)[torch.from_numpy(batch.first)]
            counts = torch.from_numpy(batch.weights > 0)
            vectors.append((out.logits if self.settings.space == "logits" else states)[counts])
            labels.append(torch.from_numpy(batch.targets.argmax(1))[counts])
        every, named = torch.cat(vectors)[:_MOST], torch.cat(labels)[:_MOST]
        if not len(every):
            return every.sum()
        return self._scaled(every, named[:, None] == named[None, :])


@register("concner")
class ConCNER:
    """A teacher with contrast of translations and labels, and its student on target text."""

    options: ClassVar = ConcnerOptions
    needs: ClassVar = frozenset[Need]({"labelled", "projected", "origins", "text"})
    soft: ClassVar = False

    def __init__(self, settings: ConcnerOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """The teacher, which sees as many words of pairs on either side, and the student."""
        return {"teacher": 3 * count_words(material.labelled), "student": count_words(material.text)}

    def train(self, material: Material, run: Run) -> Network:
        """The student."""
        tokens = run.options.batch_tokens
        pairs = material.projected[: len(material.origins)]
        beside = (Beside(material.origins, tokens, run.seed), Beside(pairs, tokens, run.seed))
        teacher = run.fit("teacher", material.labelled, Contrasting(self.settings, *beside))
        lessons = run.kept("text", lambda: imitated(run, teacher, material))
        return run.fit("student", lessons, Imitation(), factor=STUDENT_RATE)
