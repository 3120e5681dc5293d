"""The linear head of a token classifier: whether a base brings a trained one, and one for other labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from spanport_models.export.source import read_config

HEAD = _, BIAS = ("classifier.weight", "classifier.bias")
"""Names of its weights."""


def head_labels(config: dict[str, Any]) -> list[str]:
    """The labels of a configuration's head, in logit order; none where it is no token classifier."""
    if not any(name.endswith("ForTokenClassification") for name in config.get("architectures") or ()):
        return []
    names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    return [names[str(i)] for i in range(len(names))]


def tags_already(folder: Path, labels: Sequence[str]) -> bool:
    """Whether a base has a head that was trained for all of the labels: one as it was drawn has a bias of zeros."""
    if not set(labels) <= set(head_labels(read_config(folder))):
        return False
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as weights:
            if BIAS in weights.keys():  # noqa: SIM118  # it is no mapping
                return bool(weights.get_tensor(BIAS).any())
    return False


def head_for(head: torch.nn.Linear, old: list[str], labels: tuple[str, ...], seed: int) -> torch.nn.Linear:
    """A head for these labels: rows of those that the old head has are kept, others are drawn by the seed."""
    generator = torch.Generator().manual_seed(seed)
    fresh = torch.nn.Linear(head.in_features, len(labels))
    with torch.no_grad():
        fresh.weight.copy_(torch.randn(fresh.weight.shape, generator=generator) * 0.02)
        fresh.bias.zero_()
        for row, label in enumerate(labels):
            if label in old:
                fresh.weight[row] = head.weight[old.index(label)]
                fresh.bias[row] = head.bias[old.index(label)]
    return fresh
