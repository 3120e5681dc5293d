from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import classification_report

from spanport.errors import LengthMismatchError, RecordError
from spanport.evaluate import count_entities
from spanport.formats.tokenized import sentence_of_words
from spanport.labels import spans_of_labels
from spanport.types import Sentence, Span

LABELS = ["O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in ("LOC", "MISC", "PER"))]


def sentence(labels: list[str]) -> Sentence:
    return sentence_of_words([f"w{i}" for i in range(len(labels))], spans_of_labels(labels))


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    sides = [[draw(st.lists(st.sampled_from(LABELS), min_size=n, max_size=n)) for n in lengths] for _ in range(2)]
    return sides[0], sides[1]


@given(corpora())
def test_equal_to_seqeval(corpus: tuple[list[list[str]], list[list[str]]]) -> None:
    gold, predicted = corpus
    scores = count_entities(map(sentence, gold), map(sentence, predicted)).scores()
    if not scores.labels:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(gold, predicted, output_dict=True)
    for label, found in scores.labels.items():
        row = report[label]
        assert (found.precision, found.recall, found.f1) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"])
        )
        assert found.gold == row["support"]
    micro, macro = report["micro avg"], report["macro avg"]
    assert (scores.micro.precision, scores.micro.recall, scores.micro.f1) == pytest.approx(
        (micro["precision"], micro["recall"], micro["f1-score"])
    )
    assert scores.macro == pytest.approx((macro["precision"], macro["recall"], macro["f1-score"]))
    assert set(report) - {"micro avg", "macro avg", "weighted avg"} == set(scores.labels)


def test_ignored_labels_count_on_neither_side() -> None:
    gold, predicted = sentence(["B-PER", "B-MISC", "O"]), sentence(["B-PER", "O", "B-DATE"])
    scores = count_entities([gold], [predicted], ignore=["MISC", "DATE"]).scores()
    assert list(scores.labels) == ["PER"]
    assert scores.micro.f1 == 1.0
    assert scores.projection_ratio == 1.0


def test_projection_ratio_is_the_mean_over_sentences() -> None:
    both, one, none = sentence(["B-X", "B-Y"]), sentence(["B-X", "O"]), sentence(["O", "O"])
    ratio = count_entities([both, none, none, none, one], [one, none, none, one, both]).projection_ratio()
    assert ratio == pytest.approx((0.5 + 1 + 1 + 0 + 2) / 5)


def test_rows() -> None:
    rows = count_entities([sentence(["B-X", "B-Y"])], [sentence(["B-X", "O"])]).scores().to_rows()
    assert [row["label"] for row in rows] == ["X", "Y", "micro", "macro"]
    assert [rows[2][name] for name in ("correct", "predicted", "gold", "precision", "recall")] == [1, 1, 2, 1.0, 0.5]
    assert rows[3]["f1"] == 0.5


def test_nothing_at_all() -> None:
    scores = count_entities([], []).scores()
    assert scores.micro.f1 == 0.0
    assert scores.macro == (0.0, 0.0, 0.0)
    assert scores.projection_ratio == 1.0


def test_characters_count_where_the_words_differ() -> None:
    gold = Sentence("Ana, Lugo", words=((0, 4), (5, 9)), spans=(Span(0, 3, "X"), Span(5, 9, "Y")), tokenized=True)
    raw = Sentence("Ana, Lugo", spans=(Span(0, 4, "X"), Span(5, 9, "Y")))
    assert count_entities([gold], [raw]).scores().micro.correct == 1
    split = Sentence("Ana, Lugo", words=((0, 4), (5, 9)), spans=raw.spans)
    assert count_entities([gold], [split]).scores().micro.correct == 2


def test_the_same_words_spaced_differently() -> None:
    one = Sentence("Ana Lugo", words=((0, 3), (4, 8)), spans=(Span(4, 8, "Y"),))
    two = Sentence("Ana   Lugo", words=((0, 3), (6, 10)), spans=(Span(6, 10, "Y"),))
    assert count_entities([one], [two]).scores().micro.f1 == 1.0


def test_a_span_on_no_word_is_still_counted() -> None:
    gold = Sentence("a  b", words=((0, 1), (3, 4)), spans=(Span(0, 1, "X"),))
    predicted = Sentence("a  b", words=((0, 1), (3, 4)), spans=(Span(0, 1, "X"), Span(1, 2, "X")))
    assert count_entities([gold], [predicted]).scores().micro.predicted == 2


def test_other_texts() -> None:
    with pytest.raises(RecordError, match=r"sentence 2: .* from character 2 on \('c', 'd'\)"):
        count_entities([Sentence("a"), Sentence("abc")], [Sentence("a"), Sentence("abd")])


@pytest.mark.parametrize(("gold", "predicted"), [(3, 1), (1, 3)])
def test_other_lengths(gold: int, predicted: int) -> None:
    with pytest.raises(LengthMismatchError, match=f"{gold} gold and {predicted} predicted"):
        count_entities([Sentence("a")] * gold, [Sentence("a")] * predicted)
