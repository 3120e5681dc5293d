"""What the classifier half sees is suggested; all evidence equals that of a slow twin."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from calibrated_cases import TOOLS, evidence, random_job, rows
from engine_sentences import found, job
from fakes import LABELS
from spanport.encoding.label import label_spans, read_tags
from spanport.labels import spans_of_labels
from spanport.matching.batch import pack
from spanport.systems.base import make_system
from spanport.systems.calibrated.evidence import gather
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.system import weigh
from spanport.systems.calibrated.view import suggest, view_of
from spanport.types import Span, word_ranges
from spanport.work import Work


def test_entities_that_the_classifier_half_sees_are_suggested() -> None:
    source = rows("O", "O", "B-PER", "O")
    source[0] = 0.0
    source[0, [LABELS.index("O"), LABELS.index("B-LOC")]] = 0.7, 0.3  # O by little
    target = rows("O", "B-ORG", "I-ORG", "O")
    links = [(0, 0), (1, 1), (1, 2), (2, 3)]
    one = job(
        "Lima sued [PER Ana] today", "Lima Caja Norte Ana", *links, probabilities=target, source_probabilities=source
    )
    spans = (Span(10, 13, "PER", float(np.float32(0.9))),)  # as the classifier itself labels it
    one = msgspec.structs.replace(one, source=msgspec.structs.replace(one.source, spans=spans))
    (further,) = suggest([one], view_of([one], LABELS))
    assert word_ranges(one.source.words, further) == [(0, 1, "LOC"), (1, 2, "ORG")]
    assert [span.score for span in further] == pytest.approx([0.3, 0.025])
    # Gold labels are the truth: nothing is added to them.
    gold = msgspec.structs.replace(one, source=msgspec.structs.replace(one.source, spans=(Span(10, 13, "PER"),)))
    unseen = msgspec.structs.replace(one, source_probabilities=None)
    jobs = [gold, one, unseen]
    assert suggest(jobs, view_of(jobs, LABELS)) == [[], further, []]


def test_an_entity_that_the_translation_lost_lies_on_an_unlinked_source_word() -> None:
    target = rows("O", "O", "O", "B-PER", "B-LOC", "O")
    views = {"probabilities": target, "source_probabilities": rows("O", "O", "O", "O", "O")}
    one = job("then the lived there now", "luego vivió allí Ana Lima ahora", (0, 0), (2, 1), (4, 5), **views)
    view = view_of([one], LABELS)
    assert suggest([one], view) == [[]]
    (further,) = suggest([one], view, translated=True)
    assert word_ranges(one.source.words, further) == [
        (3, 4, "PER"),
        (1, 2, "LOC"),
    ]  # of two the first takes the nearest
    full = msgspec.structs.replace(one, links=np.array([(0, 0), (1, 1), (2, 1), (3, 2), (4, 5)], np.int32))
    assert suggest([full], view, translated=True) == [[]]  # no word is left to stand for them


def suggested_by_hand(one: Work, translated: bool) -> list[tuple[int, int, str, float]]:
    """A slow twin of `suggest` for one job whose labels are the classifier's own."""
    source, target = one.source_probabilities, one.probabilities
    assert source is not None
    assert target is not None
    doubt = np.array([0.25 if tag == "O" else 1.0 for tag in LABELS], np.float32)

    def read(view: np.ndarray) -> list[tuple[int, int, str]]:
        return spans_of_labels([LABELS[i] for i in read_tags(view, LABELS)])

    proposed = read(source * doubt)
    for start, end, label in read(target) + read(target * doubt):
        words = [i for i, j in one.links.tolist() if start <= j < end]
        if words and max(words) - min(words) < 2 * (end - start) + 2:
            proposed.append((min(words), max(words) + 1, label))
    free = [i for i in range(len(one.source.words)) if i not in one.links[:, 0]]
    for start, end, label in read(target) if translated else []:
        if free and not any(start <= j < end for j in one.links[:, 1]):
            centre = (start + end) / 2 / len(target) * len(one.source.words)
            at = min(free, key=lambda word: abs(word + 0.5 - centre))
            free.remove(at)
            proposed.append((at, at + 1, label))
    new = [entity for entity in dict.fromkeys(proposed) if entity not in one.source.word_spans()]
    columns = {label: [LABELS.index(f"B-{label}"), LABELS.index(f"I-{label}")] for *_, label in new}
    return [(a, b, k, float(source[a:b, columns[k]].sum(axis=1).mean())) for a, b, k in new]


@pytest.mark.parametrize("translated", [False, True])
def test_suggestions_equal_their_slow_twin_on_random_batches(translated: bool) -> None:
    generator, rng = random.Random(11), np.random.default_rng(11)
    for _ in range(20):
        jobs = []
        for _ in range(generator.randint(0, 5)):
            n, m = generator.randint(0, 9), generator.randint(0, 9)
            links = {(generator.randrange(n), generator.randrange(m)) for _ in range(8)} if n and m else set()
            views = [rng.dirichlet(np.full(len(LABELS), 0.4), size).astype(np.float32) for size in (m, n)]
            views = [view.reshape(-1, len(LABELS)) for view in views]
            one = job("a " * n, "b " * m, *links, probabilities=views[0], source_probabilities=views[1])
            spans = label_spans(one.source.words, views[1], LABELS)[: generator.randint(0, 3)]
            jobs.append(msgspec.structs.replace(one, source=msgspec.structs.replace(one.source, spans=spans)))
        for one, spans in zip(jobs, suggest(jobs, view_of(jobs, LABELS), translated=translated), strict=True):
            ranges = [(*word_ranges(one.source.words, (span,))[0], span.score) for span in spans]
            assert ranges == suggested_by_hand(one, translated)


def test_suggested_entities_have_no_origin_and_contest_nothing() -> None:
    target, source = rows("B-ORG", "O"), rows("O", "B-PER")
    one = job("sues Ana", "Caja Ana", (0, 0), (1, 1), probabilities=target, source_probabilities=source)
    spans = (Span(5, 8, "PER", float(np.float32(0.9))),)
    one = msgspec.structs.replace(one, source=msgspec.structs.replace(one.source, spans=spans))
    (result,) = make_system("calibrated", {"tau": 0.0}, TOOLS).project([one])
    assert found(result) == [("ORG", "Caja"), ("PER", "Ana")]
    assert [span.source for span in result.spans] == [None, spans[0]]
    (without,) = make_system("calibrated", {"tau": 0.0, "discover": False}, TOOLS).project([one])
    assert found(without) == [("PER", "Ana")]
    _, gathered = weigh([one], LABELS)
    names = NAMES[True]
    assert gathered.matrix[:, names.index("suggested")].sum() == 1
    assert gathered.matrix[:, names.index("contested")].sum() == 0


def test_an_entity_that_is_only_suggested_does_not_contest_another() -> None:
    one = job("Ana Lima", "Ana Lima Ana", (0, 0), (0, 2), (1, 1))
    spans = Span(0, 3, "PER"), Span(4, 8, "LOC")
    one = msgspec.structs.replace(one, source=msgspec.structs.replace(one.source, spans=spans))
    for suggested, contested in ((False, 1 / 3), (True, 0.0)):
        (_, entity, start, end), matrix = gather(pack([one]), 12, None, np.array([False, suggested]))
        (row,) = np.flatnonzero((entity == 0) & (start == 0) & (end == 3))
        assert matrix[row, NAMES[False].index("contested")] == pytest.approx(contested)


def by_hand(one: Work, entity: tuple[int, int, str], start: int, end: int) -> dict[str, float]:
    """A slow twin of part of the evidence."""
    first, last, label = entity
    links = [tuple(link) for link in one.links.tolist()]
    own = [(i, j) for i, j in links if first <= i < last]
    inside = [(i, j) for i, j in own if start <= j < end]
    into = [(i, j) for i, j in links if start <= j < end]
    entities = one.source.word_spans()
    named = [(i, j) for i, j in into if any(a <= i < b for a, b, _ in entities)]
    n, words = end - start, one.target.word_texts()
    loose = [word[0].isupper() and all(j != w for _, j in links) for w, word in enumerate(words)]
    assert one.probabilities is not None
    view = one.probabilities
    marks = [view[w, LABELS.index(f"B-{label}")] + view[w, LABELS.index(f"I-{label}")] for w in range(start, end)]
    read = spans_of_labels([LABELS[i] for i in read_tags(view, LABELS)])
    return {
        "coverage": (len({i for i, _ in inside}) + len({j for _, j in inside})) / (last - first + n),
        "scattered": 1 - len(inside) / max(len(own), 1),
        "foreign": min(2, (len(into) - len(inside)) / n),
        "contested": min(2, (len(named) - len(inside)) / n),
        "capital_before": float(start > 0 and loose[start - 1]),
        "capital_after": float(end < len(words) and loose[end]),
        "unlinked": sum(all(j != w for _, j in links) for w in range(start, end)) / n,
        "inside": float(np.mean(marks)),
        "weakest": float(min(marks)),
        "same": float((start, end, label) in read),
        "cut": float(any(a < end and start < b and (a, b) != (start, end) for a, b, _ in read)),
    }


def test_evidence_equals_its_slow_twin_on_random_batches() -> None:
    generator = random.Random(5)
    for _ in range(30):
        jobs = [random_job(generator) for _ in range(generator.randint(1, 5))]
        seen = evidence(jobs, view=True)
        best = {x: max(row["coverage"] for key, row in seen.items() if key[1] == x) for _, x, _, _ in seen}
        for (b, x, start, end), row in seen.items():
            entity = [e for one in jobs for e in one.source.word_spans()][x]
            for name, value in by_hand(jobs[b], entity, start, end).items():
                assert row[name] == pytest.approx(value, abs=1e-6), name
            rivals = sum(key[1] == x and other["coverage"] == best[x] for key, other in seen.items())
            assert row["rivals"] == pytest.approx(np.log(rivals))
