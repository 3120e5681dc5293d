"""Low-rank changes of linear layers (LoRA, Hu et al. 2021), added before training and merged after it."""

import torch
from torch import Tensor

_PLACES = ("intermediate.dense", "output.dense")
"""The feed-forward layers of BERT, XLM-R and DeBERTa, as in TransAlign (arXiv 2510.27337)."""
ALPHA = 4.0
"""Scale of the change over its rank."""


class LowRank(torch.nn.Module):
    """A frozen linear layer plus `4 B A x`: A starts at random, B at 0, so that nothing changes at first."""

    def __init__(self, inner: torch.nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = inner
        draw = torch.randn((rank, inner.in_features), generator=generator) / inner.in_features**0.5
        self.down = torch.nn.Parameter(draw)
        self.up = torch.nn.Parameter(torch.zeros(inner.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output with the change."""
        return self.inner(x) + ALPHA * (x @ self.down.T) @ self.up.T

    def merged(self) -> torch.nn.Linear:
        """The layer with the change in its weights."""
        with torch.no_grad():
            self.inner.weight += ALPHA * self.up @ self.down
        return self.inner


def add_lora(model: torch.nn.Module, rank: int, seed: int) -> None:
    """Freeze the model and give its feed-forward layers changes of this rank that can be trained."""
    generator = torch.Generator().manual_seed(seed)
    model.requires_grad_(False)
    for parent, name, inner in _places(model, torch.nn.Linear):
        setattr(parent, name, LowRank(inner, rank, generator))


def merge_lora(model: torch.nn.Module) -> None:
    """Put the changes into the weights: the model has its original form again."""
    for parent, name, inner in _places(model, LowRank):
        setattr(parent, name, inner.merged())


def _places(model: torch.nn.Module, kind: type) -> list[tuple[torch.nn.Module, str, torch.nn.Module]]:
    found = []
    for name, module in model.named_modules():
        if isinstance(module, kind) and name.endswith(_PLACES) and "attention" not in name:
            parent, _, own = name.rpartition(".")
            found.append((model.get_submodule(parent), own, module))
    return found
