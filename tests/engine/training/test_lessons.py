"""What carried-over labels teach: by confidence, with doubt left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine_sentences import job, sentence
from fakes import LABELS, FakeEncoder, FakeModels
from spanport.systems.base import make_system
from spanport.systems.calibrated.system import select
from spanport.systems.tools import Tools
from spanport.training.lessons import LessonOptions, _doubts, gold_example, projected_examples, tags_of
from spanport.work import Work

TAGS = tags_of(["LOC", "PER"])
PLAIN = make_system("calibrated", {"view": False})
VIEWING = make_system("calibrated", {"view": True}, Tools(FakeModels(FakeEncoder())))  # type: ignore[arg-type]


def rows(*tags: str) -> np.ndarray:
    out = np.full((len(tags), len(LABELS)), 0.0125, np.float32)
    for i, tag in enumerate(tags):
        out[i, LABELS.index(tag)] = 0.9
    return out


def lesson(
    one: Work, *, soft: bool = False, system: Any = PLAIN, tags: tuple[str, ...] = TAGS, **options: Any
) -> Any:
    (found,) = projected_examples([one], system, tags, LessonOptions(**options), soft=soft, domain=2)
    return found


SURE = job("[PER Ana Ruiz] lives in [LOC Oslo] .", "Ana Ruiz vive en Oslo .", *((i, i) for i in range(6)))
LOST = job("[PER Ana Ruiz] lives in [LOC Oslo] .", "Ana Ruiz vive ahí .", (0, 0), (1, 1), (2, 2), (5, 4))


def confidence(one: Work, system: Any = PLAIN) -> list[float]:
    (projection,) = select(system.score([one]), system.tau)
    return [span.score for span in projection.spans]


def test_a_span_weighs_its_confidence() -> None:
    found = lesson(SURE)
    person, place = confidence(SURE)
    assert [TAGS[i] for i in found.targets.argmax(1)] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    assert set(found.targets.ravel()) == {0, 1}
    np.testing.assert_allclose(found.weights[[0, 1, 4]], [person, person, place], rtol=1e-6)
    assert (found.domain, found.known.all()) == (2, True)


def test_words_of_a_lost_entity_are_never_taught_as_outside() -> None:
    found = lesson(LOST)
    assert found.weights[:2].min() > 0
    assert found.weights[2:].max() == 0
    taught = lesson(LOST, mask=False)
    assert [TAGS[i] for i in taught.targets[2:].argmax(1)] == ["O"] * 3
    assert taught.weights[2:].min() > 0.5


def test_spans_below_tau_are_left_out_with_their_words() -> None:
    person, place = confidence(SURE)
    high = max(person, place) + 0.001
    found = lesson(SURE, tau=high, doubt=min(person, place))
    assert found.weights.max() == 0  # both spans are doubtful, and so both entities are lost
    taught = lesson(SURE, tau=high, mask=False, weigh=False)
    assert [TAGS[i] for i in taught.targets.argmax(1)] == ["O"] * 6
    assert set(taught.weights) == {1}


def test_spans_too_doubtful_to_be_named_are_taught_by_what_they_weigh() -> None:
    person, place = confidence(SURE)
    strict = make_system("calibrated", {"view": False, "tau": max(person, place) + 0.001})
    assert confidence(SURE, strict) == []
    found = lesson(SURE, system=strict)
    assert [TAGS[i] for i in found.targets.argmax(1)] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    np.testing.assert_allclose(found.weights[[0, 1, 4]], [person, person, place], rtol=1e-6)


def test_without_weights_every_taught_word_counts_alike() -> None:
    assert set(lesson(SURE, weigh=False).weights) <= {0.0, 1.0}


def test_labels_to_be_dropped_are_outside_and_no_doubt() -> None:
    found = lesson(SURE, tags=tags_of(["PER"]))
    assert [tags_of(["PER"])[i] for i in found.targets.argmax(1)] == ["B-PER", "I-PER", "O", "O", "O", "O"]
    assert found.weights[4] == 1


def test_labels_that_cannot_be_carried_over_are_left_open() -> None:
    tags = tags_of(["DRUG", "LOC", "PER"])
    (found,) = projected_examples(
        [SURE], PLAIN, tags, LessonOptions(), soft=False, domain=0, kinds=frozenset({"LOC", "PER"})
    )
    assert [tag for tag, known in zip(tags, found.known, strict=True) if not known] == ["B-DRUG", "I-DRUG"]
    assert [tags[i] for i in found.targets.argmax(1)] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]


def test_doubt_is_the_likeliest_candidate_over_each_word() -> None:
    scored = PLAIN.score([SURE, LOST])  # type: ignore[attr-defined]
    batch, (ranges, _), probability = scored
    slow = [np.zeros(len(one.target.words)) for one in batch.works]
    for pair, start, end, p in zip(ranges.pair, ranges.start, ranges.end, probability, strict=True):
        slow[pair][start:end] = np.maximum(slow[pair][start:end], p)
    for one, other in zip(_doubts(scored, {"PER", "LOC"}), slow, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert max(map(max, _doubts(scored, {"DRUG"}))) == 0


def test_soft_targets_leave_the_rest_to_the_view() -> None:
    tags = rows("B-PER", "I-PER", "O", "O", "B-LOC", "O")
    one = Work(SURE.source, SURE.target, SURE.links, tags, tags)
    found = lesson(one, soft=True, system=VIEWING)
    share = confidence(one, VIEWING)[0]
    assert found.targets[0, TAGS.index("B-PER")] == pytest.approx(share + (1 - share) * 0.9, rel=1e-5)
    assert found.targets[0, TAGS.index("I-LOC")] == pytest.approx((1 - share) * 0.0125, rel=1e-5)
    np.testing.assert_allclose(found.targets.sum(1), 1, rtol=1e-5)
    assert found.targets[0, 0] == pytest.approx((1 - share) * 5 * 0.0125, rel=1e-5)  # ORG and MISC count as O


def test_gold_labels_are_taught_and_unknown_ones_left_open() -> None:
    found = gold_example(sentence("[PER Ana Ruiz] vive", score=None), TAGS, frozenset({"PER"}), 1)
    assert [TAGS[i] for i in found.targets.argmax(1)] == ["B-PER", "I-PER", "O"]
    assert found.weights.tolist() == [1, 1, 1]
    assert [tag for tag, known in zip(TAGS, found.known, strict=True) if known] == ["O", "B-PER", "I-PER"]
    scored = gold_example(sentence("[PER Ana Ruiz] vive", score=0.25), TAGS, frozenset({"PER"}), 1)
    assert scored.weights.tolist() == [0.25, 0.25, 1]
