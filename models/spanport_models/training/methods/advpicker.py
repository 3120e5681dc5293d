"""AdvPicker (Chen et al. 2021, arXiv 2106.02300): a language-neutral teacher, and the sentences that look neutral.

Published, three optimizers take turns on batches of their own; here one optimizer minimises the sum: the tagging
loss, that of the discriminator (whose gradient stops at the encoder), and `adversarial` times that of the encoder
with the answers exchanged (whose gradient stops at the discriminator). No checkpoint is chosen on target labels.
"""

from typing import Annotated, ClassVar

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from spanport_models.training.examples import Batch, Example, Float32
from spanport_models.training.loop import Figures
from spanport_models.training.losses import binary
from spanport_models.training.methods.base import Need, register
from spanport_models.training.methods.teacher import STUDENT_RATE, imitated
from spanport_models.training.network import Network
from spanport_models.training.objectives import Beside, Further, Imitation, tagging
from spanport_models.training.options import Material, MethodOptions, count_words
from spanport_models.training.run import Run

HIDDEN = 500
RATE = 80.0
"""The discriminator's learning rate over the encoder's, as published (5e-3 and 6e-5)."""
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class AdvPickerOptions(MethodOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How neutral."""

    keep: Share = 0.8
    """Share of the target sentences that the student is taught: the most neutral ones."""
    adversarial: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    """Weight of the loss that makes the encoder hide the language (published: a learning rate 100 times lower)."""


class Adversary:
    """Tagging, with a discriminator of source (1) and target (0) subwords to be deceived."""

    def __init__(self, width: int, target: Beside, weight: float, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.discriminator = torch.nn.Sequential(torch.nn.Linear(width, HIDDEN), torch.nn.Linear(HIDDEN, 1))
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
        self.further: Further = ((self.discriminator, RATE),)
        self.target, self.weight = target, weight

    def logits(self, states: Tensor, *, learn: bool) -> Tensor:
        """How much subwords look like the source, float (B, T); `learn`: by weights that get gradients."""
        for number, layer in enumerate(self.discriminator):
            weight, bias = (layer.weight, layer.bias) if learn else (layer.weight.detach(), layer.bias.detach())
            states = functional.linear(states if number == 0 else states.relu(), weight, bias)
        return states.squeeze(-1)

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        out = network(batch)
        named = tagging(out, batch)
        other = self.target.of(network).batch(step)
        seen = ((out.states, 1.0, batch), (network(other).states, 0.0, other))
        masks = [torch.from_numpy(one.mask) for _, _, one in seen]
        told, hidden = named.new_zeros(()), named.new_zeros(())
        for (states, answer, _), mask in zip(seen, masks, strict=True):
            told = told + binary(self.logits(states.detach(), learn=True), answer, mask)
            hidden = hidden + binary(self.logits(states, learn=False), 1.0 - answer, mask)
        loss = named + told + self.weight * hidden
        return loss, {"tagging": float(named.detach()), "discriminator": float(told.detach()) / 2}

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def neutrality(self, network: Network, examples: tuple[Example, ...], batch_tokens: int) -> Float32:
        """1 - |p - .5| of every sentence, float32, p the mean probability of its subwords to be source."""
        network.model.eval()
        stream = network.stream(examples, batch_tokens, 0)
        found = np.zeros(len(examples), np.float32)
        for index in stream.in_order():
            batch = stream.collate(index)
            mask = torch.from_numpy(batch.mask)
            p = (self.logits(network(batch).states, learn=False).sigmoid() * mask).sum(1) / mask.sum(1)
            found[index] = 1 - (p - 0.5).abs().numpy()
        return found


@register("advpicker")
class AdvPicker:
    """The student imitates an adversarially trained teacher on the most language-neutral sentences."""

    options: ClassVar = AdvPickerOptions
    needs: ClassVar = frozenset[Need]({"labelled", "text"})
    soft: ClassVar = False

    def __init__(self, settings: AdvPickerOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """The teacher, which sees as many target words as source words, and the student."""
        return {"teacher": 2 * count_words(material.labelled), "student": count_words(material.text)}

    def train(self, material: Material, run: Run) -> Network:
        """The student."""
        target = Beside(material.text, run.options.batch_tokens, run.seed + 1)
        adversary = Adversary(run.width, target, self.settings.adversarial, run.seed)
        teacher = run.fit("teacher", material.labelled, adversary)

        def lessons() -> list[Example]:
            scores = adversary.neutrality(teacher, material.text, 4 * run.options.batch_tokens)
            kept = most_neutral(scores, self.settings.keep)
            run.say(f"{len(kept):,} of {len(scores):,} sentences are kept, the most language-neutral ones")
            every = imitated(run, teacher, material)
            return [every[i] for i in kept]

        return run.fit("student", run.kept("text", lessons), Imitation(), factor=STUDENT_RATE)


def most_neutral(scores: Float32, share: float) -> list[int]:
    """Numbers, ascending, of the `int(share x n)` sentences with the largest scores; the earlier where they tie."""
    count = max(1, int(share * len(scores)))
    return sorted(np.argsort(-scores, kind="stable")[:count].tolist())
