"""Calibrated matching: evidence against hand-worked examples and a slow twin, the regression, the matching."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine_sentences import found, job
from fakes import LABELS, FakeEncoder, FakeModels, FakeTranslator
from spanport.api import Engine
from spanport.encoding.label import label_spans, read_tags
from spanport.errors import UsageError
from spanport.labels import spans_of_labels
from spanport.matching.batch import pack
from spanport.systems.base import make_system
from spanport.systems.calibrated.evidence import gather
from spanport.systems.calibrated.names import NAMES, SHAPES
from spanport.systems.calibrated.regression import Logistic, fit_logistic, load_calibration
from spanport.systems.calibrated.system import Calibrated, CalibratedOptions, Scored, select, weigh
from spanport.systems.calibrated.view import suggest, view_of
from spanport.systems.tools import Tools
from spanport.types import Span, word_ranges
from spanport.work import Work

TOOLS = Tools(FakeModels(FakeEncoder()))  # type: ignore[arg-type]


def rows(*tags: str) -> np.ndarray:
    out = np.full((len(tags), len(LABELS)), 0.0125, np.float32)
    for i, tag in enumerate(tags):
        out[i, LABELS.index(tag)] = 0.9
    return out


def evidence(jobs: list[Work], view: bool = False) -> dict[tuple[int, int, int, int], dict[str, float]]:
    """By pair, entity, start, end: the evidence by name."""
    ranges, matrix = gather(pack(jobs), 12, view_of(jobs, LABELS) if view else None)
    keys = zip(*(column.tolist() for column in ranges), strict=True)
    return {key: dict(zip(NAMES[view], row, strict=True)) for key, row in zip(keys, matrix.tolist(), strict=True)}


def test_evidence_of_links_worked_by_hand() -> None:
    # "Bank of Spain" is linked to words 1, 3 and 4; word 2 has no link, word 4 another from "said".
    links = [(0, 1), (1, 3), (2, 3), (2, 4), (3, 4)]
    one = job("[ORG Bank of Spain] said", "el Banco Central de España dijo", *links)
    seen = evidence([one])
    assert list(seen) == [(0, 0, 1, 2), (0, 0, 1, 4), (0, 0, 1, 5), (0, 0, 3, 4), (0, 0, 3, 5), (0, 0, 4, 5)]
    whole = seen[0, 0, 1, 5]
    assert whole["coverage"] == pytest.approx((3 + 3) / (3 + 4))
    assert (whole["source_covered"], whole["target_covered"], whole["unlinked"]) == (1, 0.75, 0.25)
    assert (whole["whole"], whole["scattered"], whole["contested"], whole["behind"]) == (1, 0, 0, 0)
    assert whole["foreign"] == 1 / 4
    assert whole["longer"] == pytest.approx(np.log(4 / 3))
    assert whole["capital_ORG"] == 1
    assert whole["first_case"] == whole["last_case"] == 1
    part = seen[0, 0, 3, 4]  # "de", to which two of the three entity words are linked
    assert part["coverage"] == pytest.approx((2 + 1) / (3 + 1))
    assert part["source_covered"] == pytest.approx(2 / 3)
    assert part["scattered"] == pytest.approx(1 - 2 / 4)
    assert part["behind"] == pytest.approx(6 / 7 - 3 / 4)
    assert part["shorter"] == pytest.approx(np.log(3))
    assert part["first_case"] == 0
    assert [whole["rivals"], part["rivals"]] == [0, 0]
    twice = evidence([job("[ORG Bank] said", "Banco Banco dijo", (0, 0), (0, 1), (1, 2))])
    # "Banco" twice and "Banco Banco": 2/2, 2/2 and 3/3, all the best there is.
    assert [row["rivals"] for row in twice.values()] == pytest.approx([np.log(3)] * 3)


def test_the_word_before_a_range_is_of_its_own_sentence() -> None:
    left, right = job("[PER Ana]", "Ana Ruiz", (0, 0)), job("[PER Ana] said", "Ana Sofia", (0, 0), (0, 1))
    seen = evidence([left, right, left])
    assert (seen[0, 0, 0, 1]["capital_before"], seen[0, 0, 0, 1]["capital_after"]) == (0, 1)
    assert seen[1, 1, 0, 1]["capital_before"] == 0  # "Ruiz" before it is the other sentence's
    late = job("[PER Ana] said", "Sofia Ana", (0, 1))
    assert evidence([late])[0, 0, 1, 2]["capital_before"] == 1


def test_of_a_crowd_the_best_candidates_of_each_entity_are_weighed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [(i, j) for i in range(4) for j in range(8)]
    one = job("[ORG a b] [PER c d]", "a b c d e f g h", *links)
    every = evidence([one])
    assert len(every) == 2 * 36
    monkeypatch.setattr("spanport.systems.calibrated.evidence.MOST_CANDIDATES", 10)
    other = job("[PER Ana]", "Ana", (0, 0))
    seen = evidence([other, one])
    assert [key[:2] for key in seen] == [(0, 0)] + [(1, 1)] * 5 + [(1, 2)] * 5
    assert (1, 1, 0, 2) in seen  # its very words
    assert (1, 2, 2, 4) in seen


def test_evidence_of_the_letters_worked_by_hand() -> None:
    one = job("[LOC EFE] and [MISC Italian] , [ORG A 4]", "EFE , italiano ( A4", *[(0, 0), (2, 2), (4, 3), (5, 4)])
    seen = evidence([one])
    shapes = [f"{shape}_{label}" for label in ("PER", "ORG", "LOC", "MISC") for shape in SHAPES]

    def shape(*key: int) -> list[str]:
        return [name for name in shapes if seen[key][name]]

    assert shape(0, 0, 0, 1) == ["acronym_LOC"]
    assert shape(0, 1, 2, 3) == ["lower_MISC"]
    assert shape(0, 2, 3, 5) == ["other_ORG"]
    assert shape(0, 2, 4, 5) == ["acronym_ORG"]
    flags = ("bare_edge", "lower_end", "punctuated", "digits", "initial")
    assert [seen[0, 2, 3, 5][name] for name in flags] == [1, 0, 1, 1, 0]
    assert [seen[0, 1, 2, 3][name] for name in flags] == [0, 1, 0, 0, 0]
    assert [seen[0, 0, 0, 1][name] for name in flags] == [0, 0, 0, 0, 1]


def test_an_entity_without_links_is_found_by_its_words_or_by_the_classifier() -> None:
    one = job("[PER Ana Ruiz] left", "se fue Ana Ruiz", probabilities=rows("O", "O", "B-PER", "I-PER"))
    assert evidence([one])[0, 0, 2, 4]["identical"] == 1
    assert evidence([one])[0, 0, 2, 4]["coverage"] == 0
    other = job("[PER Anne] left", "se fue Ana", probabilities=rows("O", "O", "B-PER"))
    assert evidence([other]) == {}
    assert evidence([other], view=True)[0, 0, 2, 3]["same"] == 1


def test_evidence_of_the_classifiers_view() -> None:
    tags = ("O", "B-ORG", "I-ORG", "B-PER")
    one = job("[ORG Bank] [PER Ana]", "el Banco Nacional Ana", (0, 1), (0, 2), (1, 3), probabilities=rows(*tags))
    seen = evidence([one], view=True)
    whole, half = seen[0, 0, 1, 3], seen[0, 0, 1, 2]
    assert whole["inside"] == pytest.approx(0.9125)
    assert whole["begins"] == pytest.approx(0.9)
    assert (whole["same"], whole["cut"], half["same"], half["cut"]) == (1, 0, 0, 1)
    assert whole["before"] == pytest.approx(0.025)
    assert half["after"] == pytest.approx(0.9)
    wrong = job("[ORG Ana]", "Ana", (0, 0), probabilities=rows("B-PER"))
    assert evidence([wrong], view=True)[0, 0, 0, 1]["same_words"] == 1
    assert seen[0, 1, 3, 4]["same"] == 1
    assert whole["entity"] == pytest.approx(0.9875)
    assert whole["inside_log_odds"] == pytest.approx(np.log(0.9125 / 0.0875))


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


def random_job(generator: random.Random) -> Work:
    n, m = generator.randint(2, 8), generator.randint(1, 8)
    cut = generator.randint(1, n - 1)
    words = [generator.choice(["Ana", "de", "Lugo", "x"]) for _ in range(n)]
    source = f"[PER {' '.join(words[:cut])}] [ORG {' '.join(words[cut:])}]"
    links = {(generator.randrange(n), generator.randrange(m)) for _ in range(generator.randint(0, 10))}
    view = np.array([rows(generator.choice(LABELS))[0] for _ in range(m)], np.float32)
    return job(
        source, " ".join(generator.choice(["Ana", "de", "Lugo", "y"]) for _ in range(m)), *links, probabilities=view
    )


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


def scored(one: Work, probabilities: dict[tuple[int, int, int], float]) -> Scored:
    batch = pack([one])
    gathered = gather(batch, 12, None)
    keys = list(zip(*(column.tolist() for column in gathered.ranges[1:]), strict=True))
    return Scored(batch, gathered, np.array([probabilities.get(key, 0.0) for key in keys]))


def test_the_sum_of_probability_over_tau_is_largest_and_doubtful_spans_are_left_out() -> None:
    one = job("[PER Ana] [LOC Lugo]", "a b c", (0, 0), (0, 1), (1, 1), (1, 2))
    probable = {(0, 0, 2): 0.9, (0, 0, 1): 0.6, (1, 1, 3): 0.8, (1, 2, 3): 0.3}
    # .6 + .8 beats .9 + .3, and beats .9 alone as long as .6 + .8 - 2 tau > .9 + .3 - 2 tau.
    assert found(select(scored(one, probable), 0.1)[0]) == [("PER", "a"), ("LOC", "b c")]
    assert [s.score for s in select(scored(one, probable), 0.1)[0].spans] == pytest.approx([0.6, 0.8])
    # At .55 the pair gains .05 + .25, the single span .35.
    (high,) = select(scored(one, probable), 0.55)
    assert found(high) == [("PER", "a b")]
    assert high.status == "optimal"
    assert high.spans[0].source == one.source.spans[0]
    assert found(select(scored(one, probable), 0.95)[0]) == []


def test_tau_trades_precision_for_recall() -> None:
    generator = random.Random(1)
    jobs = [random_job(generator) for _ in range(40)]
    counts = [
        sum(len(p.spans) for p in make_system("calibrated", {"view": False, "tau": tau}).project(jobs))
        for tau in (0.0, 0.3, 0.6, 1.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0


def test_confidences_are_probabilities_and_spans_keep_to_their_order() -> None:
    jobs = [job("[PER Ana] lives in [LOC Seville]", "en Sevilla vive Ana", (0, 3), (1, 2), (2, 0), (3, 1))] * 2 + [
        job("", "")
    ]
    results = make_system("calibrated", {"view": False, "tau": 0.0}).project(jobs)
    assert [found(r) for r in results] == [[("LOC", "Sevilla"), ("PER", "Ana")]] * 2 + [[]]
    assert all(0 < span.score < 1 for r in results for span in r.spans)


def test_the_view_needs_probabilities() -> None:
    assert make_system("calibrated").needs == {"source", "links", "probabilities"}
    assert make_system("calibrated", {"view": False}).needs == {"source", "links"}
    with pytest.raises(UsageError, match="view=false"):
        make_system("calibrated", {}, TOOLS).project([job("[PER Ana]", "Ana", (0, 0))])


def test_the_regression_finds_the_weights_that_made_the_data() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(4000, 3)) * [1, 5, 1] + [0, 2, 0]
    truth = np.array([1.5, -0.4, 0.0])
    right = generator.random(4000) < 1 / (1 + np.exp(-(matrix @ truth + 0.5)))
    model = fit_logistic(("a", "b", "c"), matrix, right)
    assert [model.weights[name] for name in "abc"] == pytest.approx(truth, abs=0.15)
    probability = model.probability(("c", "b", "a"), matrix[:, ::-1])
    assert probability.mean() == pytest.approx(right.mean(), abs=1e-3)


def test_a_language_has_weights_of_its_own_for_shapes() -> None:
    names, rows = NAMES[False], {"acronym_LOC": 3.0, "capital_LOC": -2.0}
    model = Logistic(0.5, dict.fromkeys(names, 0.0), 0.2, {"spa_Latn": rows})
    matrix = np.zeros((3, len(names)))
    matrix[:, names.index("acronym_LOC")] = 1
    odds = 1 / (1 + np.exp(-np.array([3.5, 0.5, 0.5])))
    assert model.probability(names, matrix, ["spa_Latn", "deu_Latn", ""]) == pytest.approx(odds)
    assert model.probability(names, matrix) == pytest.approx(odds[1])


def test_conventions_are_found_and_base_rates_are_not_learned() -> None:
    """Acronyms are places in one language only; both annotate twice as many places in one as in the other."""
    generator, names = np.random.default_rng(3), NAMES[False]
    n = 8000
    matrix = np.zeros((n, len(names)))
    kind = generator.integers(2, size=n)
    matrix[np.arange(n), [names.index(("acronym_LOC", "capital_LOC")[k]) for k in kind]] = 1
    spoken = np.where(generator.integers(2, size=n) == 1, "spa_Latn", "deu_Latn")
    odds = np.where(spoken == "spa_Latn", 1.0, -1.0) * (1 + np.where(kind == 0, 1.0, -1.0))
    right = generator.random(n) < 1 / (1 + np.exp(-odds))
    model = fit_logistic(names, matrix, right.astype(float), spoken.tolist())
    for code, gap in {"spa_Latn": 2.0, "deu_Latn": -2.0}.items():
        own, here = model.conventions[code], spoken == code
        assert own["acronym_LOC"] - own["capital_LOC"] == pytest.approx(gap, abs=0.3)
        # The log odds of both shapes together are those of no language; the gold standard's are not.
        assert model.probability(names, matrix[here], spoken[here].tolist()).mean() == pytest.approx(0.5, abs=0.1)
        assert abs(right[here].mean() - 0.5) > 0.15


def test_the_regression_survives_columns_that_are_constant_or_separate_the_classes() -> None:
    matrix = np.column_stack([np.ones(20), np.arange(20.0)])
    model = fit_logistic(("constant", "rank"), matrix, (np.arange(20) >= 10).astype(float))
    probability = model.probability(("constant", "rank"), matrix)
    assert np.isfinite(probability).all()
    assert ((probability > 0.5) == (np.arange(20) >= 10)).all()


def test_calibrations_are_read_from_a_bundle_or_a_file(tmp_path: Path) -> None:
    own = load_calibration()
    assert set(own.links.weights) == set(NAMES[False])
    assert set(own.view.weights) == set(NAMES[True])
    assert 0 < own.view.tau < 1
    path = tmp_path / "calibration.json"
    logistic = {"intercept": 9.0, "weights": dict.fromkeys(NAMES[True], 0.0), "tau": 0.2}
    links = logistic | {"weights": dict.fromkeys(NAMES[False], 0.0)}
    path.write_text(json.dumps({"fitted": "a test", "links": links, "view": logistic}))
    (result,) = Calibrated(CalibratedOptions(view=False, calibration=str(path)), TOOLS).project(
        [job("[PER Ana]", "Ana", (0, 0))]
    )
    assert result.spans[0].score == pytest.approx(1 / (1 + np.exp(-9)))
    models = FakeModels(FakeEncoder())
    models.calibration = path.read_bytes  # type: ignore[method-assign]
    (bundled,) = make_system("calibrated", {"view": False}, Tools(models)).project(  # type: ignore[arg-type]
        [job("[PER Ana]", "Ana", (0, 0))]
    )
    assert bundled.spans == result.spans
    for bad in ("{}", "nonsense"):
        path = tmp_path / f"{len(bad)}.json"
        path.write_text(bad)
        with pytest.raises(UsageError, match="spanport calibrate"):
            load_calibration(str(path))
    path.write_text(json.dumps({"fitted": "", "links": logistic | {"weights": {}}, "view": logistic}))
    with pytest.raises(UsageError, match="does not weigh the evidence"):
        Calibrated(CalibratedOptions(view=False, calibration=str(path)), TOOLS)
    with pytest.raises(UsageError, match=r"missing\.json"):
        load_calibration(str(tmp_path / "missing.json"))


def test_the_classifiers_view_counts_in_languages_that_it_has_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "calibration.json"
    logistic = {"intercept": 1.0, "weights": dict.fromkeys(NAMES[True], 0.0), "tau": 0.2}
    logistic["conventions"] = {"ita_Latn": {}}
    links = {"intercept": 2.0, "weights": dict.fromkeys(NAMES[False], 0.0), "tau": 0.1}
    path.write_text(json.dumps({"fitted": "", "links": links, "view": logistic}))
    tools = Tools(FakeModels(FakeEncoder(languages=("eng_Latn", "spa_Latn"))))  # type: ignore[arg-type]
    system = make_system("calibrated", {"calibration": str(path)}, tools)
    codes = ("spa_Latn", "fra_Latn", "ita_Latn", "", "fra_Latn", "por_Latn")
    results = system.project(
        [job("[PER Ana]", "Ana", (0, 0), language=code, probabilities=rows("B-PER")) for code in codes]
    )
    odds = [np.log(result.spans[0].score / (1 - result.spans[0].score)) for result in results]
    assert odds == pytest.approx([1, 2, 1, 1, 2, 2])
    assert [result.target.language for result in results] == list(codes)
    assert ["fra_Latn" in caplog.text, caplog.text.count("has not seen")] == [True, 2]
    everything = Tools(FakeModels(FakeEncoder()))  # type: ignore[arg-type]
    one = job("[PER Ana]", "Ana", (0, 0), language="fra_Latn", probabilities=rows("B-PER"))
    (result,) = make_system("calibrated", {"calibration": str(path)}, everything).project([one])
    assert result.spans[0].score == pytest.approx(1 / (1 + np.exp(-1)))


def test_a_source_that_was_translated_on_the_way_has_a_regression_of_its_own(tmp_path: Path) -> None:
    def logistic(intercept: float) -> dict[str, object]:
        return {"intercept": intercept, "weights": dict.fromkeys(NAMES[True], 0.0), "tau": 0.2}

    links = logistic(9.0) | {"weights": dict.fromkeys(NAMES[False], 0.0)}
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"fitted": "", "links": links, "view": logistic(1.0), "translated": logistic(2.0)}))
    models = FakeModels(FakeEncoder())
    for translated, intercept in ((False, 1.0), (True, 2.0)):
        tools = Tools(models, translated=translated)  # type: ignore[arg-type]
        system = make_system("calibrated", {"calibration": str(path)}, tools)
        assert isinstance(system, Calibrated)
        assert system.model.intercept == intercept


def test_labelling_is_calibrated_where_the_bundle_is() -> None:
    models = FakeModels(FakeEncoder(tags={"Ana": "B-PER"}), FakeTranslator())
    (plain,) = Engine(models).label(["Ana"], lang="spa_Latn")  # type: ignore[arg-type]
    assert plain.spans[0].score == pytest.approx(0.9)
    logistic = {"intercept": 1.0, "weights": dict.fromkeys(NAMES[True], 0.0), "tau": 0.2}
    links = logistic | {"weights": dict.fromkeys(NAMES[False], 0.0)}
    made = json.dumps({"fitted": "", "links": links, "view": logistic}).encode()
    models.calibration = lambda: made  # type: ignore[method-assign, assignment, return-value]
    (calibrated,) = Engine(models).label(["Ana"], lang="spa_Latn")  # type: ignore[arg-type]
    assert calibrated.spans[0].score == pytest.approx(1 / (1 + np.exp(-1)))
