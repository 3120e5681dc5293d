"""Cases of `kernels.py`: similarity, extraction and heuristic projection, on made-up embeddings of word pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from naive import extraction as naive
from naive import heuristics as naive_heuristics
from spanport_kernels import extract
from spanport_kernels.easy_label import project_easy_label
from spanport_kernels.filling import project_filling
from spanport_kernels.ragged import offsets_of
from spanport_kernels.runs import project_runs
from spanport_kernels.similarity import similarity
from spanport_kernels.words import subword_to_word

PAIRS, HIDDEN, TWINS = 64, 768, 2
rng = np.random.default_rng(0)
M, N = rng.integers(20, 51, PAIRS), rng.integers(20, 53, PAIRS)
SOURCE, TARGET = offsets_of(M), offsets_of(N)


def related_vectors() -> tuple[np.ndarray, np.ndarray]:
    """Embeddings like an encoder's: a common direction, and target words that resemble source words."""
    common, a = rng.normal(size=HIDDEN), rng.normal(size=(SOURCE[-1], HIDDEN))
    b = rng.normal(size=(TARGET[-1], HIDDEN))
    for p in range(PAIRS):
        like = rng.integers(0, M[p], N[p])
        b[TARGET[p] : TARGET[p + 1]] += 2 * a[SOURCE[p] + like]
    return (a + common).astype(np.float32), (b + common).astype(np.float32)


A, B = related_vectors()
SIDES = (A, SOURCE, B, TARGET)
EACH = [(A[SOURCE[p] : SOURCE[p + 1]], B[TARGET[p] : TARGET[p + 1]]) for p in range(PAIRS)]
EDGES, EDGE_OFFSETS = extract.align(*SIDES, "itermax")
ENTITIES = np.array([(k, k + 1 + k % 3, k % 4) for k in (2, 9, 15)], np.int32)
PUNCTUATION = rng.random(TARGET[-1]) < 0.1
LISTS = [(ENTITIES.tolist(), EDGES[EDGE_OFFSETS[p] : EDGE_OFFSETS[p + 1]].tolist()) for p in range(PAIRS)]
#: Projection takes larger batches: the same pairs 32 times.
COPIES = 32
MANY = PAIRS * COPIES
LENGTHS = np.tile(N, COPIES)
MANY_EDGES = np.tile(EDGES, (COPIES, 1)), offsets_of(np.tile(np.diff(EDGE_OFFSETS), COPIES))
HEURISTIC = (np.tile(ENTITIES, (MANY, 1)), offsets_of([len(ENTITIES)] * MANY), *MANY_EDGES)


def products() -> None:
    for a, b in EACH:
        np.matmul(a, b.T)


def twin(method: str, metric: str) -> None:
    for a, b in EACH[:TWINS]:
        s = naive.similarity(a, b, metric)
        if method:
            getattr(naive, method)(s)


def simalign(method: str) -> None:
    aligner = pytest.importorskip("simalign.simalign").SentenceAligner
    for a, b in EACH:
        s = aligner.get_similarity(a, b)
        if method == "itermax":
            aligner.iter_max(s)
        else:
            ahead, back = aligner.get_alignment_matrix(s)
            ahead * back


def twin_heuristic(project: Callable[..., Any], last: Callable[[int], Any]) -> None:
    for p, (entities, edges) in enumerate(LISTS):
        project(entities, edges, last(p))


def word_map(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two subwords a word, for a batch of these lengths."""
    offsets = offsets_of(np.tile(lengths, COPIES))
    return np.concatenate([np.arange(n) // 2 for n in np.diff(offsets)]).astype(np.int32), offsets


ALIGNED = {
    "intersection": "cosine01",
    "itermax": "cosine01",
    "softmax": "dot",
    "entmax15": "dot",
}
CASES: dict[str, tuple[Callable[[], Any], int]] = {
    "product": (products, PAIRS),
    "similarity": (partial(similarity, *SIDES), PAIRS),
    "twin similarity": (partial(twin, "", "cosine"), TWINS),
    **{k: (partial(extract.align, *SIDES, k, metric=v), PAIRS) for k, v in ALIGNED.items()},
    **{f"twin {k}": (partial(twin, k, v), TWINS) for k, v in ALIGNED.items()},
    "match": (partial(extract.align, *SIDES, "match", metric="cosine01"), PAIRS),
    **{f"simalign {k}": (partial(simalign, k), PAIRS) for k in ("intersection", "itermax")},
    "words": (partial(subword_to_word, *MANY_EDGES, *word_map(M), *word_map(N)), MANY),
    "runs": (partial(project_runs, *HEURISTIC, LENGTHS, merge_distance=1, threshold=0.8), MANY),
    "twin runs": (partial(twin_heuristic, naive_heuristics.project_runs, lambda p: int(N[p])), PAIRS),
    "easy_label": (partial(project_easy_label, *HEURISTIC, np.tile(PUNCTUATION, COPIES), offsets_of(LENGTHS)), MANY),
    "twin easy_label": (
        partial(
            twin_heuristic,
            naive_heuristics.project_easy_label,
            lambda p: PUNCTUATION[TARGET[p] : TARGET[p + 1]].tolist(),
        ),
        PAIRS,
    ),
    "filling": (partial(project_filling, *HEURISTIC, LENGTHS, complete_source=True), MANY),
    "twin filling": (partial(twin_heuristic, naive_heuristics.project_filling, lambda p: int(N[p])), PAIRS),
}
