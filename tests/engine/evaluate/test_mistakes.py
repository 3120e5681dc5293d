from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanport.evaluate import Mistakes, count_entities, count_mistakes
from spanport.formats.tokenized import sentence_of_words
from spanport.labels import spans_of_labels
from spanport.types import Sentence


def sentence(labels: str) -> Sentence:
    tags = labels.split()
    return sentence_of_words(["w"] * len(tags), spans_of_labels(tags))


@pytest.mark.parametrize(
    ("gold", "predicted", "mistakes"),
    [
        ("B-X I-X O B-Y", "B-X I-X O B-Y", Mistakes(correct=2)),
        ("B-X I-X O", "B-Y I-Y O", Mistakes(label=1)),
        ("B-X I-X O", "O B-X I-X", Mistakes(boundary=1)),
        ("B-X I-X O", "O B-Y I-Y", Mistakes(both=1)),
        ("B-X O O", "O O B-X", Mistakes(missed=1, spurious=1)),
        ("B-X I-X I-X", "B-X O B-X", Mistakes(boundary=1, spurious=1)),
        ("B-X B-Y", "B-Y B-Y", Mistakes(correct=1, label=1)),
        ("B-X I-X B-Y", "B-Y I-Y I-Y", Mistakes(boundary=1, missed=1)),
        ("", "", Mistakes()),
    ],
)
def test_kinds(gold: str, predicted: str, mistakes: Mistakes) -> None:
    assert count_mistakes([sentence(gold)], [sentence(predicted)]) == mistakes


def test_ignored_labels() -> None:
    assert count_mistakes([sentence("B-X O")], [sentence("B-Y B-Y")], ignore=["Y"]) == Mistakes(missed=1)


tags = st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"])


@given(st.lists(st.tuples(tags, tags), min_size=1, max_size=10))
def test_every_entity_is_counted_once(pairs: list[tuple[str, str]]) -> None:
    gold, predicted = (sentence(" ".join(side)) for side in zip(*pairs, strict=True))
    found, micro = count_mistakes([gold], [predicted]), count_entities([gold], [predicted]).scores().micro
    shared = found.correct + found.label + found.boundary + found.both
    assert (found.correct, shared + found.missed, shared + found.spurious) == (
        micro.correct,
        micro.gold,
        micro.predicted,
    )
    assert sum(found.to_row().values()) == shared + found.missed + found.spurious
