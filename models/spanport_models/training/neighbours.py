"""How far words of noisy labels can be trusted: by their nearest neighbours (CoLaDa, arXiv 2305.14913)."""

from collections.abc import Sequence

import numpy as np
import torch

from spanport_models.training.examples import Example, Float32, Int64
from spanport_models.training.network import Network
from spanport_models.training.run import Run

NEIGHBOURS = 500
STEEPNESS = 6.0
_LAYERS = 3
_CHUNK = 256
_MOST = 20_000


def word_vectors(run: Run, network: Network, examples: Sequence[Example]) -> list[Float32]:
    """Mean of the last three layers at each word's first subword, float32 (W, d) a sentence; 0 for words cut off."""
    network.model.eval()
    stream = network.stream(examples, 4 * run.options.batch_tokens, run.seed)
    width = network.model.config.hidden_size
    found = [np.zeros((len(one.words), width), np.float32) for one in examples]
    with torch.no_grad():
        for index in stream.in_order():
            batch = stream.collate(index)
            with torch.autocast("cpu", torch.bfloat16, enabled=run.plan.autocast):
                layers = network(batch, layers=True).layers[-_LAYERS:]
            states = torch.stack([layer.float() for layer in layers]).mean(0).flatten(0, 1)
            rows = states[torch.from_numpy(batch.first)].numpy()
            ends = np.cumsum(np.bincount(batch.row, minlength=len(index)))[:-1]
            for number, own in zip(index.tolist(), np.split(rows, ends), strict=True):
                found[number][stream.words_of(number)] = own
    return found


def trust(vectors: Float32, labels: Int64, seed: int = 0, neighbours: int = NEIGHBOURS) -> Float32:
    """Weight in [0, 1] of each word, float32 (N,): how many of its nearest neighbours (L2) have its label.

    `c` is their share; `c' = c / max c of the label`; `c'' = 1 / (1 + exp(-6 (c' - mean c')))` over the words
    of the label; the weight is `c'' / max c''`. vectors: float32 (N, d); labels: int64 (N,). Of more than 20,000
    words as many are drawn by the seed as neighbours, so that the cost is bounded.
    """
    shown = np.arange(len(vectors))
    if len(shown) > _MOST:
        shown = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:_MOST])
    count = min(neighbours, len(shown) - 1)
    if count < 1:
        return np.ones(len(vectors), np.float32)
    shares = _shares(vectors, labels, shown, count)
    weights = np.ones(len(vectors), np.float32)
    for label in np.unique(labels).tolist():
        here = labels == label
        relative = shares[here] / max(float(shares[here].max()), 1e-9)
        steep = 1 / (1 + np.exp(-STEEPNESS * (relative - relative.mean())))
        weights[here] = steep / steep.max()
    return weights


def _shares(vectors: Float32, labels: Int64, shown: Int64, count: int) -> Float32:
    """Share of the nearest neighbours, the word itself apart, that have its label."""
    others, squares = vectors[shown], (vectors[shown] ** 2).sum(1)
    found = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(vectors)))
        distances = squares - 2 * vectors[rows] @ others.T
        distances[rows[:, None] == shown[None, :]] = np.inf
        nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
        found[rows] = (labels[shown[nearest]] == labels[rows, None]).mean(1)
    return found
