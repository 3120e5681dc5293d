"""The losses of aligners (AWESOME, Dou and Neubig 2021; InfoNCE, van den Oord et al. 2018)."""

import torch
from torch import Tensor
from torch.nn import functional

_OUT = -1e4


def both_ways(source: Tensor, target: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
    """P and Q, float (B, S, T): softmax of the dot products over the target, and over the source.

    source: float (B, S, d); target: float (B, T, d); shown: bool (B, S, T), pairs of subwords of words. Rows and
    columns without any are 0.
    """
    scores = (source.float() @ target.float().transpose(1, 2)).masked_fill(~shown, _OUT)
    kept = shown.float()
    return scores.softmax(2) * kept, scores.softmax(1) * kept


def self_training(p: Tensor, q: Tensor, guide: Tensor, lengths: Tensor) -> Tensor:
    """SO: `-mean_b [sum(G P) / len_source + sum(G Q) / len_target]`.

    p, q: float (B, S, T); guide: bool (B, S, T); lengths: float (B, 2), subwords of both sides.
    """
    g = guide.float()
    return -((g * p).sum((1, 2)) / lengths[:, 0] + (g * q).sum((1, 2)) / lengths[:, 1]).mean()


def consistency(p: Tensor, q: Tensor, lengths: Tensor) -> Tensor:
    """CO: `-mean_b trace(P Q^T) / min(len_source, len_target)`; shapes as in `self_training`."""
    return -((p * q).sum((1, 2)) / lengths.amin(1)).mean()


def info_nce(source: Tensor, target: Tensor, names: Tensor, place: Tensor, scale: float) -> Tensor:
    """Cross-entropy of finding each link's counterpart among all links, both ways, cosine x `scale`; their mean.

    Where the right answer's word, or the asking word itself, occurs in another row, that row is no wrong answer.
    source, target: float (K, d), vectors of the linked words; names: int64 (K, 2), equal where the words are; place:
    int64 (K, 2), equal where the rows are of the same word of the same sentence.
    """
    scores = scale * functional.normalize(source.float(), dim=-1) @ functional.normalize(target.float(), dim=-1).T
    answer = torch.arange(len(scores))
    itself = torch.eye(len(scores), dtype=torch.bool)
    losses = []
    for matrix, asking, other in ((scores, 0, 1), (scores.T, 1, 0)):
        same = names[:, other][:, None] == names[:, other][None, :]
        same |= place[:, asking][:, None] == place[:, asking][None, :]
        losses.append(functional.cross_entropy(matrix.masked_fill(same & ~itself, _OUT), answer))
    return (losses[0] + losses[1]) / 2


def word_means(states: Tensor, word: Tensor, pair: Tensor, number: Tensor) -> Tensor:
    """Mean state of the subwords of some words, float (K, d).

    states: float (B, T, d); word: int64 (B, T); pair, number: int64 (K,), row and word of each.
    """
    owns = (word[pair] == number[:, None]).float()
    return torch.einsum("kt,ktd->kd", owns, states[pair].float()) / owns.sum(1, keepdim=True).clamp(min=1)
