"""Sentences for benchmarks: files of labelled source, target and links, real where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from spanport import Alignment, Pair, Sentence, Span


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


def rows_of(path: Path) -> Iterator[list[tuple[str, str]]]:
    """Words and tags of each sentence of a CoNLL file."""
    with open(path, encoding="utf-8") as lines:
        for filled, block in groupby(lines, lambda line: bool(line.strip())):
            if filled:
                yield [(line.split()[0], line.split()[-1]) for line in block]


def sentence(rows: list[tuple[str, str]], language: str, *, labelled: bool) -> Sentence:
    """A sentence of given words, with the spans of its tags."""
    words: list[tuple[int, int]] = []
    for word, _ in rows:
        start = words[-1][1] + 1 if words else 0
        words.append((start, start + len(word)))
    spans: list[Span] = []
    for (_, tag), (start, end) in zip(rows, words, strict=True):
        if tag.startswith("I-") and spans and spans[-1].label == tag[2:] and spans[-1].end == start - 1:
            spans[-1] = Span(spans[-1].start, end, tag[2:])
        elif tag != "O" and labelled:
            spans.append(Span(start, end, tag[2:]))
    text = " ".join(word for word, _ in rows)
    return Sentence(text, language, tuple(words), tuple(spans) if labelled else (), tokenized=True)


def pairs_of(data: Path, count: int) -> list[Pair]:
    """English sentences with gold labels, their Spanish translations and links."""
    folder = data / "conll-parallel"
    links = (folder / "en2es/awesome.test.pharaoh").read_text().splitlines()
    rows = zip(
        rows_of(folder / "original/en.test.tsv"), rows_of(folder / "en2es/deepl.test.tsv"), links, strict=False
    )
    found = []
    for source, target, line in rows:
        pairs = sorted({(int(i), int(j)) for i, j in (link.split("-") for link in line.split())})
        left, right = sentence(source, "eng_Latn", labelled=True), sentence(target, "spa_Latn", labelled=False)
        found.append(Pair(left, right, Alignment(tuple(pairs))))
        if len(found) == count:
            break
    return found
