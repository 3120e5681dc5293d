"""Entities from word-label probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanport.ports import Float32, Int64
from spanport.types import Span


def group_tags(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Entities ``(first word, last word + 1, label)`` of IOB1 or IOB2 tags.

    ``O`` closes; ``B-`` always opens; ``I-X`` continues an open X and otherwise opens one: the grouping that fits
    the CoNLL XLM-R model, whose person tags have no ``B-`` (arXiv 2501.18750, word-wise NER).
    """
    entities: list[tuple[int, int, str]] = []
    start, open_label = 0, ""
    for i, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if open_label and (prefix != "I" or label != open_label):
            entities.append((start, i, open_label))
            open_label = ""
        if prefix != "O" and not open_label:
            start, open_label = i, label
    if open_label:
        entities.append((start, len(tags), open_label))
    return entities


def read_tags(probabilities: Float32, labels: Sequence[str]) -> Int64:
    """Tags of the words of one sentence, int64 (W,): the likeliest path that keeps to IOB2, where the labels do.

    An entity cannot begin inside, so the classifier's doubt between ``B-`` and ``I-``, or between two types, is
    settled for the entity as a whole. probabilities: float32 (W, L); labels: the L tags.
    """
    if not len(probabilities):
        return np.empty(0, np.int64)
    from spanport_kernels.tagging import best_tags

    return best_tags(probabilities, np.array([0, len(probabilities)]), labels).astype(np.int64)


def label_spans(words: Sequence[tuple[int, int]], probabilities: Float32, labels: Sequence[str]) -> tuple[Span, ...]:
    """Entities of one sentence as character spans.

    words: character offsets of W words; probabilities: float32 (W, L); labels: the L tags.
    A span's score is the mean probability of its words' tags.
    """
    best = read_tags(probabilities, labels) if len(words) else np.empty(0, np.int64)
    tags = [labels[i] for i in best.tolist()]
    peak = probabilities[np.arange(len(words)), best] if len(words) else probabilities
    return tuple(
        Span(words[start][0], words[end - 1][1], label, float(peak[start:end].mean()))
        for start, end, label in group_tags(tags)
    )
