"""The losses over words, each the mean over the words that count."""

import torch
from torch import Tensor
from torch.nn import functional

_OUT = -1e4
"""Logit of a label that a data set does not have."""


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over the number of words that count: a doubtful word counts less, and so does its batch."""
    return (values * weights).sum() / (weights > 0).sum().clamp(min=1)


def soft_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor, known: Tensor | None = None) -> Tensor:
    """Mean over words of -sum(target x log softmax(logits)), times the word's weight.

    logits, targets: float (W, L); weights: float (W,), 0 for words left out; known: bool (W, L), labels that the
    word's data set has (all where None): the softmax is over these.
    """
    if known is not None:
        logits = logits.masked_fill(~known, _OUT)
    return _mean(-(targets * functional.log_softmax(logits.float(), dim=-1)).sum(-1), weights)


def squared_error(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean over words and labels of (softmax(logits) - target)^2, times the word's weight (arXiv 2004.12440).

    Shapes as in `soft_cross_entropy`.
    """
    return _mean((logits.float().softmax(-1) - targets).square().mean(-1), weights)


def contrast(vectors: Tensor, positive: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020) of vectors used as they come.

    `-mean_i mean_{p in P(i)} log(exp(z_i z_p / t) / sum_{a != i} exp(z_i z_a / t))` over the i that have positives;
    0 where none has. vectors: float (N, d); positive: bool (N, N), its diagonal is ignored.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool)
    positive = positive & ~itself
    scores = (vectors @ vectors.T).float() / temperature
    log_share = scores - scores.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    counts = positive.sum(1)
    means = log_share.masked_fill(~positive, 0.0).sum(1) / counts.clamp(min=1)
    return -means.sum() / (counts > 0).sum().clamp(min=1)


def binary(logits: Tensor, answer: float, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy of logits against one answer (0 or 1) where the mask, of the same shape, is 1."""
    answers = torch.full_like(logits, answer, dtype=torch.float32)
    each = functional.binary_cross_entropy_with_logits(logits.float(), answers, reduction="none")
    return _mean(each, mask.to(each.dtype))
