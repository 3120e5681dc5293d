"""Look-up of hashed words against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import lookup as naive
from spanport_kernels.lookup import NEITHER, SOURCE, TARGET, Table, add_lexicon
from spanport_kernels.ragged import offsets_of


def make_table(entries: dict[int, float], bits: int) -> Table:
    keys = np.array(sorted(entries), np.uint64)
    scores = np.array([entries[key] for key in sorted(entries)], np.float32)
    starts = np.searchsorted(keys, np.arange((1 << bits) + 1, dtype=np.uint64) << np.uint64(48 - bits))
    marks = np.zeros(1 << bits, np.uint8)
    for key in entries:
        marks[key >> 48 - bits] |= 1 << (key >> 45 - bits & 7)
    return Table(keys, scores, starts.astype(np.int32), marks)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([NEITHER, SOURCE, TARGET]))),
    bits=st.integers(0, 9),
    held=st.floats(0, 1),
)
def test_every_pair_gets_the_score_of_a_dictionary(
    seed: int, lengths: list[tuple[int, int, int]], bits: int, held: float
) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 2**64 - 1, (5, 2), np.uint64)
    words[rng.random(5) < 0.4, 1] = 0
    pairs = [(int(a), int(b)) for k in (0, 1) for a in words[:, k] for b in words[:, k] if a and b]
    entries = {naive.key(a, b): float(np.float32(rng.random())) for a, b in pairs if rng.random() < held}
    sides = [np.array([row[k] for row in lengths]) for k in (0, 1)]
    source, target = (words[rng.integers(0, 5, side.sum() if len(lengths) else 0)] for side in sides)
    s, t = offsets_of(sides[0]), offsets_of(sides[1])
    english = [row[2] for row in lengths]
    start = rng.random(int((np.diff(s) * np.diff(t)).sum())).astype(np.float32)
    found = start.copy()
    add_lexicon(found, make_table(entries, bits), source, s, target, t, english, 0.3)
    expected = [np.empty(0, np.float32)]
    for p, side in enumerate(english):
        a, b = (
            [(int(form), int(prefix)) for form, prefix in flat[offsets[p] : offsets[p + 1]]]
            for flat, offsets in ((source, s), (target, t))
        )
        blank = np.zeros((len(a), len(b)), np.float32)
        scores = {
            NEITHER: lambda a, b, blank=blank: blank,
            SOURCE: lambda a, b, blank=blank: naive.scores(entries, a, b),
            TARGET: lambda a, b, blank=blank: naive.scores(entries, b, a).T,
        }[side](a, b)
        expected.append(np.float32(0.3) * scores.ravel())
    np.testing.assert_array_equal(found, start + np.concatenate(expected))


def test_what_does_not_fit_is_refused() -> None:
    table = make_table({1: 0.5}, 3)
    one, offsets = np.ones((1, 2), np.uint64), np.array([0, 1])
    cell = np.zeros(1, np.float32)
    with pytest.raises(ValueError, match=r"source_hashes has shape \(1, 1\), expected \(N, 2\)"):
        add_lexicon(cell, table, one[:, :1], offsets, one, offsets, [SOURCE], 1.0)
    with pytest.raises(ValueError, match=r"similarity \(2,\) values, expected 1 pairs and \(1,\) cells"):
        add_lexicon(np.zeros(2, np.float32), table, one, offsets, one, offsets, [SOURCE], 1.0)
    for broken in (table._replace(starts=table.starts[:-1]), table._replace(scores=table.scores[:0])):
        with pytest.raises(ValueError, match="as many buckets as marks, a power of 2"):
            add_lexicon(cell, broken, one, offsets, one, offsets, [SOURCE], 1.0)
