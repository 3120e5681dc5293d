"""Tuning of an aligner on parallel text: the objective over pairs, low-rank weights, and the fit."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from spanport_models.errors import ArchitectureError
from spanport_models.export.source import read_config
from spanport_models.tokenization import WordTokenizer
from spanport_models.training.alignment import both_ways, consistency, info_nce, self_training, word_means
from spanport_models.training.loop import Figures, Recipe, Training
from spanport_models.training.lora import add_lora, merge_lora
from spanport_models.training.network import Network
from spanport_models.training.objectives import Further
from spanport_models.training.options import Above, Least, Progress, Whole
from spanport_models.training.pairs import PairBatch, PairExample, PairStream, Side
from spanport_models.training.trainer import computes_bfloat16, training_process

Loss = Literal["so", "infonce", "tlm", "co"]
MASKED = 0.15


class TuneOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an aligner is tuned."""

    losses: Annotated[tuple[Loss, ...], msgspec.Meta(min_length=1)] = ("so", "infonce", "co")
    """What is minimised, summed: self-training and consistency (AWESOME), contrast of linked words, translation
    language modelling."""
    layer: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Layer that is aligned by; those above are dropped. 0: two thirds of the depth."""
    lora: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Rank of low-rank changes of the feed-forward layers (alpha 4 times as much); 0: all weights."""
    epochs: Above = 1.0
    rate: Least = 0.0
    """Peak learning rate; 0: 2e-5 at a width of 768, and by the square of the width; 5 times that with LoRA."""
    scale: Above = 20.0
    """Multiplier of cosines in the contrast."""
    batch_tokens: Whole = 1024
    longest: Annotated[int, msgspec.Meta(ge=8)] = 128
    freeze: Annotated[int, msgspec.Meta(ge=-1)] = 0
    """Layers at the bottom that stay as they are, with the embeddings; -1: everything is trained."""
    seed: int = 29
    save_seconds: Least = 60.0


class Aligning:
    """The chosen losses of a batch of pairs."""

    further: Further = ()

    def __init__(self, options: TuneOptions, stream: PairStream, mask_id: int) -> None:
        self.options, self.mask_id = options, mask_id
        self.pieces = torch.from_numpy(stream.pieces())

    def __call__(self, network: Network, batch: PairBatch, step: int) -> tuple[Tensor, Figures]:
        source, target = (network.states(side.ids, side.mask) for side in (batch.source, batch.target))
        words = [torch.from_numpy(side.word) for side in (batch.source, batch.target)]
        found: dict[str, Tensor] = {}
        if "so" in self.options.losses or "co" in self.options.losses:
            shown = (words[0] >= 0)[:, :, None] & (words[1] >= 0)[:, None, :]
            p, q = both_ways(source, target, shown)
            lengths = torch.stack([(word >= 0).sum(1) for word in words], dim=1).float().clamp(min=1)
            if "so" in self.options.losses:
                found["so"] = self_training(p, q, torch.from_numpy(batch.guide), lengths)
            if "co" in self.options.losses:
                found["co"] = consistency(p, q, lengths)
        if "infonce" in self.options.losses and len(batch.rows):
            found["infonce"] = self._contrast(source, target, words, batch)
        if "tlm" in self.options.losses:
            found["tlm"] = self._translation(network, batch, step)
        loss = torch.stack(list(found.values())).sum() if found else source.sum() * 0
        return loss, {name: float(value.detach()) for name, value in found.items()}

    def _contrast(self, source: Tensor, target: Tensor, words: list[Tensor], batch: PairBatch) -> Tensor:
        pair, ours, theirs = torch.from_numpy(batch.rows).unbind(1)
        place = torch.stack([pair * 100_000 + ours, pair * 100_000 + theirs], dim=1)
        left, right = word_means(source, words[0], pair, ours), word_means(target, words[1], pair, theirs)
        return info_nce(left, right, torch.from_numpy(batch.names), place, self.options.scale)

    def _translation(self, network: Network, batch: PairBatch, step: int) -> Tensor:
        """Masked subwords of one side told from the rest of it and from the other side, among the text's pieces."""
        sides = (batch.source, batch.target) if step % 2 == 0 else (batch.target, batch.source)
        ids, mask, word = (_joined(sides, part) for part in ("ids", "mask", "word"))
        own = torch.zeros_like(ids, dtype=torch.bool)
        own[:, : sides[0].ids.shape[1]] = True
        chosen = (torch.rand(ids.shape) < MASKED) & own & (word >= 0)
        states = network.states(ids.masked_fill(chosen, self.mask_id).numpy(), mask.numpy())
        table = network.model.get_input_embeddings().weight[self.pieces]
        logits = states[chosen].float() @ table.T
        answers = torch.searchsorted(self.pieces, ids[chosen])
        return functional.cross_entropy(logits, answers) if len(answers) else states.sum() * 0


def _joined(sides: tuple[Side, Side], part: str) -> Tensor:
    return torch.from_numpy(np.concatenate([getattr(side, part) for side in sides], axis=1))


def mask_id(tokenizer: WordTokenizer) -> int:
    """What stands for a masked subword; the unknown one where the vocabulary has no mask."""
    for token in ("<mask>", "[MASK]", "<unk>", "[UNK]"):
        with suppress(ArchitectureError):
            return tokenizer.token_id(token)
    raise ArchitectureError("the tokenizer has neither a mask nor an unknown token", expected="<mask> or [MASK]")


@training_process()
def tune_aligner(
    base: Path, pairs: Sequence[PairExample], options: TuneOptions, work: Path, say: Progress
) -> tuple[Network, dict[str, list[tuple[int, float]]]]:
    """An encoder cut at the alignment layer, tuned on pairs with links; and its loss curve.

    Raises:
        ExportError: The base or its tokenizer cannot be used.
    """
    depth, width = (int(read_config(base)[name]) for name in ("num_hidden_layers", "hidden_size"))
    layer = options.layer or round(depth * 2 / 3)
    network = Network(base, (), work, options.seed, options.longest, layers=layer)
    network.freeze(options.freeze)
    if options.lora:
        add_lora(network.model, options.lora, options.seed)
    stream = PairStream(pairs, network.tokenizer, options.batch_tokens, options.seed)
    rate = options.rate or 2e-5 * (768 / width) ** 2 * (5 if options.lora else 1)
    steps = max(1, round(options.epochs * stream.per_epoch))
    recipe = Recipe(steps, rate, options.seed, computes_bfloat16(), options.save_seconds)
    objective = Aligning(options, stream, mask_id(network.tokenizer))
    say(f"{network.sizes[1] / 1e6:.1f}M weights below layer {layer}, {len(pairs):,} pairs, {steps} steps")
    checkpoint = work / "aligner.checkpoint"
    training = Training(network, stream, objective, recipe, checkpoint, "aligner", say)
    network.adopt(training.run())
    if options.lora:
        merge_lora(network.model)
    return network, {"aligner": training.curve}
