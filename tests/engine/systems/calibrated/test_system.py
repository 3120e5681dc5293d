"""Calibrated matching: the regression, the calibrations there are, and the best spans."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from calibrated_cases import TOOLS, random_job, rows
from engine_sentences import found, job
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport.api import Engine
from spanport.errors import UsageError
from spanport.matching.batch import pack
from spanport.systems.base import make_system
from spanport.systems.calibrated.evidence import gather
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.regression import Logistic, fit_logistic, load_calibration
from spanport.systems.calibrated.system import Calibrated, CalibratedOptions, Scored, select
from spanport.systems.tools import Tools
from spanport.work import Work


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


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_the_regression_ends_where_all_candidates_are_right_or_none_is(right: float) -> None:
    matrix = np.random.default_rng(1).normal(size=(60, 3))
    model = fit_logistic(("a", "b", "c"), matrix, np.full(60, right))
    assert model.probability(("a", "b", "c"), matrix) == pytest.approx(np.full(60, right), abs=1e-6)
