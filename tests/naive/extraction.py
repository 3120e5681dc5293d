"""Slow twins of similarity, extraction and subword-to-word: one matrix at a time, from the papers."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

Edges = list[tuple[int, int]]


def similarity(a, b, metric="cosine", weight=1.0, lexical=None, lexical_weight=1.0, position=0.0, distortion=0.0):
    """One pair's matrix in float64, cell by cell."""
    m, n = len(a), len(b)
    s = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            value = float(np.dot(a[i].astype(float), b[j].astype(float)))
            if metric != "dot":
                lengths = np.linalg.norm(a[i].astype(float)) * np.linalg.norm(b[j].astype(float))
                value = value / lengths if lengths else 0.0
            if metric == "cosine01":
                value = (value + 1) / 2
            value *= weight
            if lexical is not None:
                value += lexical_weight * lexical[i, j]
            value *= 1 - position * (i / m - j / n) ** 2
            if m > 1 and n > 1:
                value *= 1 - distortion * (i / (m - 1) - j / (n - 1)) ** 2
            s[i, j] = value
    return s


def pool_words(vectors, offsets):
    """Mean of each word's subword vectors; zeros for a word without any."""
    rows = [np.mean(vectors[b:e], axis=0) if e > b else np.zeros(vectors.shape[1]) for b, e in pairwise(offsets)]
    return np.array(rows).reshape(len(rows), vectors.shape[1])


def forward(s) -> Edges:
    m, n = s.shape
    return [(i, max(range(n), key=lambda j: s[i, j])) for i in range(m)] if n else []


def reverse(s) -> Edges:
    m, n = s.shape
    return sorted((max(range(m), key=lambda i: s[i, j]), j) for j in range(n)) if m else []


def intersection(s) -> Edges:
    return sorted(set(forward(s)) & set(reverse(s)))


def itermax(s, alpha=0.9, max_count=2) -> Edges:
    m, n = s.shape
    edges = set(intersection(s))
    if min(m, n) <= 2:
        return sorted(edges)
    for _ in range(max_count - 1):
        rows, columns = {i for i, _ in edges}, {j for _, j in edges}
        if len(rows) == m or len(columns) == n:
            break
        weighted = np.zeros((m, n))
        for i in range(m):
            for j in range(n):
                free = (i not in rows) + (j not in columns)
                weighted[i, j] = s[i, j] * (0.0, alpha, min(1.0, 2 * alpha))[free]
        new = {(i, j) for i, j in intersection(weighted) if i not in rows or j not in columns}
        if not new - edges:
            break
        edges |= new
    return sorted(edges)


def best_total(s) -> float:
    """Greatest total similarity of min(m, n) cells, one in a row and a column, by trying all."""
    s = np.asarray(s, float)
    s = s if s.shape[0] <= s.shape[1] else s.T
    m, n = s.shape
    return max(sum(s[i, j] for i, j in enumerate(chosen)) for chosen in permutations(range(n), m))


def _softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def _entmax15(x):
    """Probabilities max(x / 2 - tau, 0)^2; tau by halving an interval that holds it."""
    half = x / 2
    low, high = half.max() - 1, half.max()
    for _ in range(100):
        tau = (low + high) / 2
        if (np.maximum(half - tau, 0) ** 2).sum() >= 1:
            low = tau
        else:
            high = tau
    return np.maximum(half - low, 0) ** 2


def _both_ways(s, probabilities, threshold) -> Edges:
    if s.size == 0:
        return []
    s = s.astype(float)
    by_row = np.array([probabilities(row) for row in s])
    by_column = np.array([probabilities(column) for column in s.T]).T
    return [(int(i), int(j)) for i, j in np.argwhere((by_row > threshold) & (by_column > threshold))]


def softmax(s, threshold=0.001, scale=1.0) -> Edges:
    return _both_ways(np.asarray(s, float) * scale, _softmax, threshold)


def entmax15(s, threshold=0.0, scale=1.0) -> Edges:
    """Probabilities below 1e-12 are rounding."""
    return _both_ways(np.asarray(s, float) * scale, _entmax15, max(threshold, 1e-12))


def subword_to_word(edges, source_word_of, target_word_of) -> Edges:
    words = {(int(source_word_of[i]), int(target_word_of[j])) for i, j in edges}
    return sorted((i, j) for i, j in words if i >= 0 and j >= 0)
