"""Sentences for benchmarks: files of labelled source, target and links, real where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np


def made_up(count: int = 15_000) -> tuple[bytes, bytes, bytes]:
    """Labelled source, target and links: lengths, entities and links as frequent as in CoNLL, monotone with noise."""
    rng = np.random.default_rng(0)
    source, target, links = [], [], []
    for m in np.minimum(rng.geometric(1 / 14.6, count), 100):
        n = max(1, int(m * rng.uniform(0.9, 1.3)))
        labels = np.where(rng.random(m) < 0.11, "B-" + rng.choice(["PER", "ORG", "LOC", "MISC"], m), "O")
        source.append("".join(f"w{i} {label}\n" for i, label in enumerate(labels)))
        target.append("".join(f"v{j} O\n" for j in range(n)))
        to = np.clip(np.rint(np.arange(m) * n / m + rng.normal(0, 1, m)), 0, n - 1).astype(int)
        links.append(" ".join(f"{i}-{j}" for i, j in enumerate(to) if rng.random() < 0.9))
    return "\n".join([*source, ""]).encode(), "\n".join([*target, ""]).encode(), "\n".join([*links, ""]).encode()


def real() -> tuple[bytes, bytes, bytes] | None:
    """Training sentences of ``conll-parallel`` en->es with awesome-align's links, where SPANPORT_DATA has them."""
    folder = Path(os.environ.get("SPANPORT_DATA", ""), "conll-parallel")
    if not folder.is_dir():
        return None
    source = (folder / "original/en.train.tsv").read_bytes()
    return (
        source,
        (folder / "en2es/deepl.train.tsv").read_bytes(),
        (folder / "en2es/awesome.train.pharaoh").read_bytes(),
    )
