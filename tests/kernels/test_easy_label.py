"""Easy-Label-Projection against its slow twin and against the labels that its authors publish."""

from __future__ import annotations

import itertools
import os
import string
from pathlib import Path

import numpy as np
import pytest
from batches import Sentences, rows, sentences
from hypothesis import given, settings
from hypothesis import strategies as st

from naive import heuristics as naive
from spanport_kernels.easy_label import project_easy_label
from spanport_kernels.ragged import offsets_of


@settings(max_examples=300, deadline=None)
@given(sentences(), st.integers(0, 2**32), st.sampled_from([0.0, 0.2]))
def test_equals_the_twin(batch: Sentences, seed: int, share: float) -> None:
    offsets = offsets_of(batch.lengths)
    punctuation = np.random.default_rng(seed).random(offsets[-1]) < share
    found = rows(project_easy_label(*batch.batch[:4], punctuation, offsets))
    each = [punctuation[b:e] for b, e in itertools.pairwise(offsets)]
    assert found == [naive.project_easy_label(*pair) for pair in zip(batch.entities, batch.edges, each, strict=True)]


def read_conll(path: Path) -> list[list[tuple[str, str]]]:
    sentences = path.read_text("utf-8").split("\n\n")
    return [[tuple(line.split()) for line in s.split("\n") if line.strip()] for s in sentences if s.strip()]


def iob2_entities(tags: list[str], names: list[str]) -> list[tuple[int, int, int]]:
    """Spans as seqeval reads them: the published labels have some I after O, where two runs were merged."""
    spans: list[list[int]] = []
    for word, tag in enumerate(tags):
        if tag == "O":
            continue
        label = names.index(tag[2:])
        if tag[0] == "I" and spans and spans[-1][1] == word and spans[-1][2] == label:
            spans[-1][1] = word + 1
        else:
            spans.append([word, word + 1, label])
    return [tuple(s) for s in spans]


@pytest.mark.data
@pytest.mark.parametrize("language", ["es", "de", "it"])
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_published_labels_are_reproduced(language: str, split: str) -> None:
    data = os.environ.get("SPANPORT_DATA")
    if data is None:
        pytest.skip("set SPANPORT_DATA to the research data's folder")
    folder, names = Path(data) / "conll-parallel", ["PER", "LOC", "ORG", "MISC"]
    source = read_conll(folder / "original" / f"en.{split}.tsv")
    target = read_conll(folder / f"en2{language}" / f"deepl.{split}.tsv")
    lines = (folder / f"en2{language}" / f"awesome.{split}.pharaoh").read_text("utf-8").split("\n")
    links = [[tuple(map(int, pair.split("-"))) for pair in line.split()] for line in lines[: len(source)]]
    assert len(source) == len(target) == len(links)
    batch = Sentences([iob2_entities([tag for _, tag in s], names) for s in source], links, [len(s) for s in target])
    punctuation = [all(c in string.punctuation for c in word) for s in target for word, _ in s]
    spans, offsets = project_easy_label(*batch.batch[:4], punctuation, offsets_of(batch.lengths))
    spelled = ["O", *(f"{prefix}-{name}" for name in names for prefix in "BI")]
    each = zip(rows((spans, offsets)), batch.lengths, strict=True)
    mine = [iob2_entities([spelled[label] for label in naive.word_labels(s, n)], names) for s, n in each]
    theirs = [iob2_entities([tag for _, tag in s], names) for s in target]
    assert [k for k in range(len(source)) if mine[k] != theirs[k]] == []
