"""Links that an entity shares with its candidates, against counting them one by one."""

from __future__ import annotations

import numpy as np

from spanport_kernels.shared import shared_links


def test_counts_equal_their_slow_twin() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        edges = np.unique(rng.integers(0, 7, (int(rng.integers(0, 25)), 2)), axis=0).astype(np.int32).reshape(-1, 2)
        flags = rng.random(len(edges)) < 0.5
        owned = [np.flatnonzero(rng.random(len(edges)) < 0.6) for _ in range(3)]
        offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in owned])])
        candidates = np.array([(e, i, j) for e in range(3) for i in range(7) for j in range(i + 1, 8)])
        candidates = candidates[rng.random(len(candidates)) < 0.7]
        found = shared_links(candidates, edges, np.concatenate(owned).astype(np.int64), offsets, flags)
        for (entity, start, end), counts in zip(candidates.tolist(), found.tolist(), strict=True):
            inside = [x for x in owned[entity].tolist() if start <= edges[x, 1] < end]
            sources, targets = {int(edges[x, 0]) for x in inside}, {int(edges[x, 1]) for x in inside}
            assert counts == [len(inside), int(flags[inside].sum()), len(sources), len(targets)]
