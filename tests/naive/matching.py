"""Slow, obvious twins of the candidate, score and matching kernels, one sentence at a time, on dense matrices."""

from __future__ import annotations

from itertools import product

import numpy as np

Range = tuple[int, int]
Link = tuple[int, int]


def overlap(a: Range, b: Range) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def ngram_candidates(length: int, stop: set[int], max_length: int) -> list[Range]:
    """All contiguous ranges up to max_length (0: any) without a stop word."""
    return [
        (i, j)
        for i in range(length)
        for j in range(i + 1, length + 1)
        if (max_length == 0 or j - i <= max_length) and not stop & set(range(i, j))
    ]


def aligned_words(entity: Range, links: list[Link]) -> list[int]:
    return sorted({t for s, t in links if entity[0] <= s < entity[1]})


def aligned_subranges(entities: list[Range], links: list[Link]) -> list[Range]:
    """Sub-ranges of the hull of each entity's aligned words."""
    found = set()
    for entity in entities:
        words = aligned_words(entity, links)
        if words:
            found |= {(i, j) for i in range(words[0], words[-1] + 1) for j in range(i + 1, words[-1] + 2)}
    return sorted(found)


def merged_ranges(entities: list[Range], links: list[Link], subranges: bool) -> list[Range]:
    """Runs of aligned words, optionally their sub-ranges, and from the start of run p to the end of run q >= p."""
    found = set()
    for entity in entities:
        words = aligned_words(entity, links)
        runs = [[w] for w in words if w - 1 not in words]
        for run in runs:
            while run[-1] + 1 in words:
                run.append(run[-1] + 1)
        for p, run in enumerate(runs):
            found |= {(run[0], later[-1] + 1) for later in runs[p:]}
            if subranges:
                found |= {(i, j + 1) for i in run for j in run if i <= j}
    return sorted(found)


def predicted_spans(spans: list[Range], subranges: bool) -> list[Range]:
    found = set(spans)
    if subranges:
        found |= {(i, j) for s, e in spans for i in range(s, e) for j in range(i + 1, e + 1)}
    return sorted(found)


def align_score(entity: Range, candidate: Range, links: list[Link], kind: str) -> float:
    """2a / (lengths), a = links inside; covered: words of either side that take part, over the lengths."""
    inside = {(s, t) for s, t in links if entity[0] <= s < entity[1] and candidate[0] <= t < candidate[1]}
    if kind == "pairs":
        numerator = 2 * len(inside)
    else:
        numerator = len({s for s, _ in inside}) + len({t for _, t in inside})
    return numerator / (entity[1] - entity[0] + candidate[1] - candidate[0])


def ner_score(
    candidate: Range,
    probabilities: np.ndarray,
    begin: int,
    inside: int,
    alpha: float,
    threshold: float,
    spelled: bool,
) -> float:
    """alpha^(len-1) * mean of p(B) at the first word and p(I) at the rest; 0 unless above the threshold."""
    if begin < 0 and inside < 0:
        return 0.0
    begin, inside = (inside if begin < 0 else begin), (begin if inside < 0 else inside)
    labels = [begin] + [inside] * (candidate[1] - candidate[0] - 1)
    rows = probabilities[candidate[0] : candidate[1]].astype(np.float64)
    if spelled and [int(np.argmax(row)) for row in rows] != labels:
        return 0.0
    score = alpha ** (len(labels) - 1) * float(np.mean([row[l] for row, l in zip(rows, labels, strict=True)]))
    return score if score > threshold else 0.0


def greedy(
    scores: np.ndarray, candidates: list[Range], relation: str = "<=", count: int = 1
) -> list[tuple[int, int]]:
    """Largest score first, ties row-major; full entities' rows and overlapping candidates' columns are zeroed."""
    left = scores.copy()
    taken: list[tuple[int, int]] = []
    limit = {"<=": count, "=": count, "<": count - 1}.get(relation, 10**9)
    if limit <= 0:
        return taken
    while left.size and left.max() > 0:
        e, c = (int(x) for x in np.unravel_index(np.argmax(left), left.shape))
        taken.append((e, c))
        if sum(1 for other, _ in taken if other == e) == limit:
            left[e] = 0
        for other, candidate in enumerate(candidates):
            if overlap(candidate, candidates[c]):
                left[:, other] = 0
    return sorted(taken)


def best_value(scores: np.ndarray, candidates: list[Range], relation: str = "<=", count: int = 1) -> float | None:
    """The optimum by trying, for every candidate from left to right, no entity or any; None when infeasible."""
    least, most = {
        "<=": (0, count),
        "=": (count, count),
        ">=": (count, 10**9),
        "<": (0, count - 1),
        ">": (count + 1, 10**9),
    }[relation]
    entities = scores.shape[0]
    order = sorted(range(len(candidates)), key=lambda c: candidates[c])
    best: list[float] = []

    def visit(x: int, free_from: int, counts: tuple[int, ...], value: float) -> None:
        if x == len(order):
            if all(least <= k <= most for k in counts):
                best.append(value)
            return
        visit(x + 1, free_from, counts, value)
        start, end = candidates[order[x]]
        if start < free_from:
            return
        for e in range(entities):
            if counts[e] < most:
                more = (*counts[:e], counts[e] + 1, *counts[e + 1 :])
                visit(x + 1, end, more, value + float(scores[e, order[x]]))

    visit(0, 0, (0,) * entities, 0.0)
    return max(best) if best else None


def best_by_subsets(scores: np.ndarray, candidates: list[Range], length: int) -> float:
    """The optimum for at most one per entity: dynamic program over position and the set of used entities."""
    entities = scores.shape[0]
    value = np.full((length + 1, 1 << entities), -np.inf)
    value[0, 0] = 0.0
    masks = np.arange(1 << entities)
    for p in range(length + 1):
        if p < length:
            value[p + 1] = np.maximum(value[p + 1], value[p])
        for (c, (start, end)), e in product(enumerate(candidates), range(entities)):
            if start == p:
                without = masks[masks >> e & 1 == 0]
                to = without | 1 << e
                value[end, to] = np.maximum(value[end, to], value[p, without] + scores[e, c])
    return float(value[length].max())
