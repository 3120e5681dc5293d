"""Extraction against slow twins and against what the papers' own programs return."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from batches import Matrices, as_matrices, matrices, random_matrix, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import extraction as naive
from spanport_kernels import extract
from spanport_kernels.ragged import offsets_of
from spanport_kernels.similarity import similarity

#: 1/k is no threshold here: k equal scores are worth exactly 1/k, and rounding decides.
thresholds = st.sampled_from([0.001, 0.07, 0.15, 0.3])
scales = st.sampled_from([1.0, 2.5, 20.0])


@settings(max_examples=80, deadline=None)
@given(matrices())
@pytest.mark.parametrize("method", ["forward", "reverse", "intersection"])
def test_argmaxes_equal_the_twins(method: str, batch: Matrices) -> None:
    twin: Callable[[np.ndarray], naive.Edges] = getattr(naive, method)
    found = extract.named_extractors[method](*batch.batch)
    assert rows(found) == [twin(s) if s.size else [] for s in batch.each]


@settings(max_examples=150, deadline=None)
@given(matrices(), st.sampled_from([0.9, 0.6, 0.3]), st.integers(1, 4))
def test_itermax_equals_the_twin(batch: Matrices, alpha: float, max_count: int) -> None:
    found = extract.itermax(*batch.batch, alpha=alpha, max_count=max_count)
    assert rows(found) == [naive.itermax(s, alpha, max_count) if s.size else [] for s in batch.each]


@settings(max_examples=100, deadline=None)
@given(matrices(), thresholds, scales)
def test_softmax_equals_the_twin(batch: Matrices, threshold: float, scale: float) -> None:
    found = extract.softmax(*batch.batch, threshold=threshold, scale=scale)
    assert rows(found) == [naive.softmax(s, threshold, scale) for s in batch.each]


# .15 is no threshold: among round scores entmax has probabilities of exactly .15, and rounding decides.
@settings(max_examples=60, deadline=None)
@given(matrices(), st.sampled_from([0.0, 0.0703, 0.1503]), scales)
def test_entmax15_equals_the_twin(batch: Matrices, threshold: float, scale: float) -> None:
    found = extract.entmax15(*batch.batch, threshold=threshold, scale=scale)
    assert rows(found) == [naive.entmax15(s, threshold, scale) for s in batch.each]


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 5), st.integers(1, 6)), st.integers(0, 2**32), st.booleans())
def test_match_is_a_best_full_matching(shape: tuple[int, int], seed: int, ties: bool) -> None:
    s = random_matrix(np.random.default_rng(seed), *shape, ties)
    edges, _ = extract.match(*as_matrices([s]).batch)
    assert len(edges) == len(set(edges[:, 0])) == len(set(edges[:, 1])) == min(shape)
    assert s[edges[:, 0], edges[:, 1]].sum(dtype=float) == pytest.approx(naive.best_total(s), abs=1e-5)


def test_match_equals_scipy_on_large_matrices() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(5)
    batch = as_matrices([random_matrix(rng, *rng.integers(1, 60, 2), bool(k % 2)) for k in range(30)])
    edges, offsets = extract.match(*batch.batch)
    for s, begin, end in zip(batch.each, offsets[:-1], offsets[1:], strict=True):
        i, j = optimize.linear_sum_assignment(s.astype(float), maximize=True)
        mine = edges[begin:end]
        assert s[mine[:, 0], mine[:, 1]].sum(dtype=float) == pytest.approx(s[i, j].sum(dtype=float), abs=1e-6)


def test_softmax_decides_near_the_threshold_as_exact_arithmetic_does() -> None:
    """A probability a millionth above or below the threshold, where float32 sums err by more."""
    threshold, edge = 0.2, np.log(0.2 / 0.8)
    for off, kept in ((1e-6, True), (-1e-6, False)):
        s = np.array([[0.0, edge + off], [-30.0, edge + off - 1]], np.float32)
        inside = 1 / (1 + np.exp(-float(s[0, 1]))) > threshold
        assert inside is kept or inside == kept
        edges, _ = extract.softmax(*as_matrices([s]).batch, threshold=threshold)
        assert ((0, 1) in rows((edges, np.array([0, len(edges)])))[0]) == inside


def test_numbers_that_are_not_finite_stay_within_the_matrix() -> None:
    rng = np.random.default_rng(3)
    s = random_matrix(rng, 6, 8, False)
    s[2, 3], s[4, :], s[5, 0] = np.nan, np.inf, -np.inf
    for method in extract.named_extractors.values():
        with np.errstate(all="ignore"):
            edges, _ = method(*as_matrices([s]).batch)
        assert ((edges >= 0) & (edges < [6, 8])).all()


@pytest.mark.parametrize("method", list(extract.named_extractors))
def test_align_equals_similarity_then_extraction(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "_CHUNK_CELLS", 60)
    rng = np.random.default_rng(2)
    m, n = rng.integers(0, 12, 9), rng.integers(0, 12, 9)
    source, target = offsets_of(m), offsets_of(n)
    a, b = rng.normal(size=(source[-1], 5)), rng.normal(size=(target[-1], 5))
    lexical = rng.random((m * n).sum()).astype(np.float32)
    mixing = {"metric": "cosine01", "lexical": lexical, "position": 0.5, "distortion": 0.2}
    values, _ = similarity(a, source, b, target, **mixing)
    whole = extract.named_extractors[method](values, source, target)
    chunked = extract.align(a, source, b, target, method, **mixing)
    assert rows(chunked) == rows(whole)


def test_align_of_nothing() -> None:
    nothing = np.empty((0, 4), np.float32)
    assert rows(extract.align(nothing, [0], nothing, [0])) == []
    assert rows(extract.align(nothing, [0, 0], np.ones((2, 4)), [0, 2])) == [[]]


def test_options_are_checked() -> None:
    batch = as_matrices([np.eye(2, dtype=np.float32)]).batch
    with pytest.raises(ValueError, match="threshold is 0, expected 1e-9 <= threshold < 1"):
        extract.softmax(*batch, threshold=0)
    with pytest.raises(ValueError, match="scale is 0, expected a positive number"):
        extract.entmax15(*batch, scale=0)
    with pytest.raises(ValueError, match="max_count is 0, expected at least 1"):
        extract.itermax(*batch, max_count=0)
    with pytest.raises(ValueError, match="method is 'argmax', expected one of forward, reverse"):
        extract.align(np.eye(2), [0, 2], np.eye(2), [0, 2], "argmax")


@pytest.mark.slow
def test_conforms_to_simalign() -> None:
    aligner = pytest.importorskip("simalign.simalign").SentenceAligner
    rng = np.random.default_rng(11)
    shapes = [(1, 1), (1, 9), (9, 1), (2, 9), (9, 2), (3, 3), *rng.integers(1, 40, (994, 2)).tolist()]
    each = [random_matrix(rng, m, n, k % 3 == 0) for k, (m, n) in enumerate(shapes)]
    each = [s if k % 2 else np.abs(s) for k, s in enumerate(each)]
    batch = as_matrices(each)
    found = {name: rows(extract.named_extractors[name](*batch.batch)) for name in extract.named_extractors}
    for k, s in enumerate(each):
        ahead, back = aligner.get_alignment_matrix(s)
        for name, matrix in (
            ("forward", ahead),
            ("reverse", back),
            ("intersection", ahead * back),
            ("itermax", aligner.iter_max(s)),
        ):
            assert found[name][k] == [tuple(e) for e in np.argwhere(matrix > 0).tolist()], (name, s)
    for k in range(1, 60, 2):
        s = np.exp(each[k])
        theirs = aligner.get_max_weight_match(s)
        mine, _ = extract.match(*as_matrices([s]).batch)
        assert s[mine[:, 0], mine[:, 1]].sum(dtype=float) == pytest.approx((s * theirs).sum(dtype=float), rel=1e-6)


@pytest.mark.slow
def test_conforms_to_awesome_align() -> None:
    """Its softmax is torch's, and its entmax15 is the entmax package's, both over rows and over columns."""
    torch = pytest.importorskip("torch")
    entmax15 = pytest.importorskip("entmax").entmax15
    torch.set_num_threads(1)
    rng = np.random.default_rng(12)
    each = [rng.normal(scale=6, size=rng.integers(1, 40, 2)).astype(np.float32) for _ in range(1000)]
    batch = as_matrices(each)
    softmax, entmax = rows(extract.softmax(*batch.batch)), rows(extract.entmax15(*batch.batch))
    for k, s in enumerate(each):
        t = torch.from_numpy(s)
        kept = (torch.softmax(t, -1) > 0.001) & (torch.softmax(t, -2) > 0.001)
        assert softmax[k] == [tuple(e) for e in kept.nonzero().tolist()]
        kept = (entmax15(t, dim=-1) > 0) & (entmax15(t, dim=-2) > 0)
        assert entmax[k] == [tuple(e) for e in kept.nonzero().tolist()]
