"""The training losses, slow and obvious; NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def softmax(row: Array) -> Array:
    shifted = np.exp(row - row.max())
    return shifted / shifted.sum()


def soft_cross_entropy(logits: Array, targets: Array, weights: Array, known: Array) -> float:
    total, count = 0.0, 0
    for row, target, weight, allowed in zip(logits, targets, weights, known, strict=True):
        if weight > 0:
            chosen = [k for k in range(len(row)) if allowed[k]]
            p = softmax(np.array([row[k] for k in chosen]))
            total += weight * -sum(target[k] * np.log(p[i]) for i, k in enumerate(chosen))
            count += 1
    return total / max(count, 1)


def squared_error(logits: Array, targets: Array, weights: Array) -> float:
    total, count = 0.0, 0
    for row, target, weight in zip(logits, targets, weights, strict=True):
        if weight > 0:
            total += weight * float(np.mean((softmax(row) - target) ** 2))
            count += 1
    return total / max(count, 1)


def contrast(vectors: Array, positive: Array, temperature: float) -> float:
    n, terms = len(vectors), []
    for i in range(n):
        others = [a for a in range(n) if a != i]
        below = sum(np.exp(vectors[i] @ vectors[a] / temperature) for a in others)
        partners = [p for p in others if positive[i, p]]
        if partners:
            shares = [np.log(np.exp(vectors[i] @ vectors[p] / temperature) / below) for p in partners]
            terms.append(-sum(shares) / len(shares))
    return sum(terms) / len(terms) if terms else 0.0


def binary(logits: Array, answer: float, mask: Array) -> float:
    values = [
        -(answer * np.log(1 / (1 + np.exp(-x))) + (1 - answer) * np.log(1 - 1 / (1 + np.exp(-x))))
        for x, m in zip(logits.ravel(), mask.ravel(), strict=True)
        if m
    ]
    return sum(values) / len(values) if values else 0.0


def mixture(views: list[Array], weights: Array) -> Array:
    return sum(weight * view for weight, view in zip(weights, views, strict=True))


def trust(vectors: Array, labels: Array, neighbours: int) -> Array:
    n = len(vectors)
    shares = []
    for i in range(n):
        distances = sorted((float(np.sum((vectors[i] - vectors[a]) ** 2)), a) for a in range(n) if a != i)
        near = [a for _, a in distances[:neighbours]]
        shares.append(sum(labels[a] == labels[i] for a in near) / len(near))
    weights = np.zeros(n)
    for label in set(labels.tolist()):
        here = [i for i in range(n) if labels[i] == label]
        top = max(max(shares[i] for i in here), 1e-9)
        relative = [shares[i] / top for i in here]
        mean = sum(relative) / len(here)
        steep = [1 / (1 + np.exp(-6 * (value - mean))) for value in relative]
        for i, value in zip(here, steep, strict=True):
            weights[i] = value / max(steep)
    return weights


def both_ways(source: Array, target: Array, shown: Array) -> tuple[Array, Array]:
    p, q = np.zeros(shown.shape), np.zeros(shown.shape)
    for b in range(len(shown)):
        rows, columns = np.flatnonzero(shown[b].any(1)), np.flatnonzero(shown[b].any(0))
        scores = source[b][rows] @ target[b][columns].T
        for i, m in enumerate(rows):
            p[b, m, columns] = softmax(scores[i])
        for j, n in enumerate(columns):
            q[b, rows, n] = softmax(scores[:, j])
    return p, q


def self_training(p: Array, q: Array, guide: Array, lengths: Array) -> float:
    each = [(guide[b] * p[b]).sum() / lengths[b][0] + (guide[b] * q[b]).sum() / lengths[b][1] for b in range(len(p))]
    return -sum(each) / len(each)


def consistency(p: Array, q: Array, lengths: Array) -> float:
    return -sum(float(np.trace(p[b] @ q[b].T)) / min(lengths[b]) for b in range(len(p))) / len(p)


def info_nce(source: Array, target: Array, names: Array, place: Array, scale: float) -> float:
    x = source / np.linalg.norm(source, axis=1, keepdims=True)
    y = target / np.linalg.norm(target, axis=1, keepdims=True)
    total = 0.0
    for a, b, asking, other in ((x, y, 0, 1), (y, x, 1, 0)):
        for i in range(len(a)):
            rivals = [
                k
                for k in range(len(b))
                if k == i or (names[k][other] != names[i][other] and place[k][asking] != place[i][asking])
            ]
            scores = np.array([scale * a[i] @ b[k] for k in rivals])
            total -= np.log(softmax(scores)[rivals.index(i)]) / len(a) / 2
    return total
