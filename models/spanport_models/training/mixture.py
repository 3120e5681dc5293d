"""How much each source language counts for a target language."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from spanport_models.training.examples import Example, Float32
from spanport_models.training.network import Network
from spanport_models.training.options import Material
from spanport_models.training.run import Run

RANK = 64
GAMMA = 0.01
_EPOCHS, _BATCH, _RATE = 10, 32, 1e-4
_NEIGHBOURS = 10


def sentence_vectors(run: Run, network: Network, examples: Sequence[Example]) -> Float32:
    """Mean of the last hidden states of every sentence's subwords, float32 (sentences, d)."""
    stream = network.stream(examples, 4 * run.options.batch_tokens, run.seed)
    network.model.eval()
    found = np.zeros((len(examples), network.model.config.hidden_size), np.float32)
    with torch.no_grad():
        for index in stream.in_order():
            batch = stream.collate(index)
            mask = torch.from_numpy(batch.mask)[:, :, None]
            with torch.autocast("cpu", torch.bfloat16, enabled=run.plan.autocast):
                states = network(batch).states.float()
            found[index] = ((states * mask).sum(1) / mask.sum(1)).numpy()
    return found


def regulariser(embeddings: torch.Tensor, *, rows: bool) -> torch.Tensor:
    """Squared Frobenius norm of `E E^T - I` over the domains, or `E^T E - I` over the columns.

    embeddings: float (K, r)."""
    product = embeddings @ embeddings.T if rows else embeddings.T @ embeddings
    return (product - torch.eye(len(product))).square().sum()


def learned_weights(run: Run, material: Material, by_sentence: bool, rows: bool) -> Float32:
    """Weights from a bilinear domain classifier on the base's sentence vectors (arXiv 2004.12440).

    `logit_k = (U f) . (V mu_k)`, mu_k starting from the mean vector of source k; softmax(logit / variance of all
    logits of the target text). Float32 (K,), or (K, sentences) by sentence.
    """
    network = run.network()
    vectors = [sentence_vectors(run, network, source) for source in material.sources]
    target = torch.from_numpy(sentence_vectors(run, network, material.text))
    features = torch.from_numpy(np.concatenate(vectors))
    domains = torch.from_numpy(np.repeat(np.arange(len(vectors)), [len(part) for part in vectors]))
    generator = torch.Generator().manual_seed(run.seed)
    size = features.shape[1]
    left, right = ((torch.randn(RANK, size, generator=generator) / size**0.5).requires_grad_() for _ in range(2))
    means = torch.from_numpy(np.stack([part.mean(0) for part in vectors])).requires_grad_()
    optimizer = torch.optim.AdamW([left, right, means], lr=_RATE, weight_decay=1e-5)

    def logits(inputs: torch.Tensor) -> torch.Tensor:
        return (inputs @ left.T) @ (means @ right.T).T

    for _ in range(_EPOCHS):
        for index in torch.randperm(len(features), generator=generator).split(_BATCH):
            loss = functional.cross_entropy(logits(features[index]), domains[index])
            loss = loss + GAMMA * regulariser(means, rows=rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        scores = logits(target)
        shares = (scores / scores.var().clamp(min=1e-6)).softmax(-1)
    found = shares.T if by_sentence else shares.mean(0)
    return np.ascontiguousarray(found.numpy(), np.float32)


def neighbour_weights(run: Run, material: Material) -> Float32:
    """How many of the target sentences' ten nearest neighbours (by cosine) are of each source, float32 (K,).

    Every source shows as many sentences as the smallest has: a large data set is not nearer for being large.
    """
    network = run.network()
    least = min(len(source) for source in material.sources)
    draw = np.random.default_rng(run.seed)
    shown = [[source[i] for i in draw.permutation(len(source))[:least]] for source in material.sources]
    vectors = np.concatenate([sentence_vectors(run, network, part) for part in shown])
    domains = np.repeat(np.arange(len(shown)), least)
    return neighbour_shares(sentence_vectors(run, network, material.text), vectors, domains, len(shown))


def neighbour_shares(target: Float32, source: Float32, domains: np.ndarray, count: int) -> Float32:
    """Share of each domain among the ten nearest neighbours of all targets.

    target: float32 (T, d); source: float32 (S, d); domains: int64 (S,) below `count`."""
    centre = source.mean(0)
    both = (target - centre, source - centre)
    unit = [part / np.linalg.norm(part, axis=1, keepdims=True).clip(1e-9) for part in both]
    nearest = np.argsort(-(unit[0] @ unit[1].T), axis=1, kind="stable")[:, :_NEIGHBOURS]
    return (np.bincount(domains[nearest].ravel(), minlength=count) / nearest.size).astype(np.float32)
