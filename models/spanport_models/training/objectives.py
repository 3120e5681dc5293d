"""What methods minimise, where that is a loss over words alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

from spanport_models.training.examples import Batch, Example, Stream
from spanport_models.training.loop import Figures
from spanport_models.training.losses import soft_cross_entropy, squared_error
from spanport_models.training.network import Network, Outputs

Further = tuple[tuple[torch.nn.Module, float], ...]


def tensors(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Targets, weights and known labels of a batch's words."""
    return torch.from_numpy(batch.targets), torch.from_numpy(batch.weights), torch.from_numpy(batch.known)


def tagging(out: Outputs, batch: Batch) -> Tensor:
    """Cross-entropy with the batch's targets."""
    return soft_cross_entropy(out.logits, *tensors(batch))


class Tagging:
    """Weighted cross-entropy with hard or soft targets."""

    further: Further = ()

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        return tagging(network(batch), batch), {}


class Imitation:
    """Squared error of probabilities against a teacher's (arXiv 2004.12440)."""

    further: Further = ()

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        targets, weights, _ = tensors(batch)
        return squared_error(network(batch).logits, targets, weights), {}


class Beside:
    """Further examples that an objective reads in step with the batches of the fit, or by their numbers."""

    def __init__(self, examples: Sequence[Example], batch_tokens: int, seed: int) -> None:
        self._examples, self._batch_tokens, self._seed = examples, batch_tokens, seed
        self._stream: Stream | None = None

    def of(self, network: Network) -> Stream:
        """The stream of batches, made when first asked for."""
        if self._stream is None:
            self._stream = network.stream(self._examples, self._batch_tokens, self._seed)
        return self._stream
