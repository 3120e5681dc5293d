"""Comparison of systems: finding data, naming systems, shared steps, figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_sentences import sentence
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine
from spanport.compare import DataSet, compare_systems, find_sets, load_set, parse_systems, run_systems
from spanport.errors import LanguageError, LengthMismatchError, UsageError

WORDS = {"vive": "lives", "en": "in", "Sevilla": "Seville", "habla": "speaks"}
TAGS = {"Ana": "B-PER", "Ruiz": "I-PER", "Seville": "B-LOC"}
GOLD = ["[PER Ana Ruiz] vive en [LOC Sevilla]", "[PER Ana] habla", "habla", "[LOC Lugo] vive"]
CONLL = "Ana B-PER\nvive O\nen O\nSevilla B-LOC\n\nhabla O\n\n"


@pytest.fixture
def engine() -> Engine:
    concepts = {english.casefold(): spanish.casefold() for spanish, english in WORDS.items()}
    return Engine(FakeModels(FakeEncoder(TAGS, concepts), FakeTranslator(WORDS)))  # type: ignore[arg-type]


def data(gold: list[str]) -> DataSet:
    return DataSet("spa_Latn", "spa_Latn", [sentence(text, "spa_Latn") for text in gold], None, False, [])


def test_each_sentence_is_translated_and_encoded_once_for_all_systems(engine: Engine) -> None:
    models = engine.models
    list(engine.label([sentence(text).text for text in GOLD], lang="es", system="calibrated"))
    once = models.fake_translator.calls, models.fake_encoder.calls  # type: ignore[attr-defined]
    specs = parse_systems("ngram, heuristic, calibrated, model-transfer")
    found = run_systems(engine, data(GOLD), specs)
    after = models.fake_translator.calls, models.fake_encoder.calls  # type: ignore[attr-defined]
    assert after == (2 * once[0], 2 * once[1])
    assert list(found.predictions) == ["ngram", "heuristic", "calibrated", "model-transfer"]
    assert [len(rows) for rows in found.predictions.values()] == [4] * 4
    assert found.failed == {}
    assert all(second > 0 for second in found.seconds.values())
    assert '"score":"pairs"' in found.options["ngram"]


def test_gold_labels_are_hidden_from_the_systems_and_scored(engine: Engine) -> None:
    found = run_systems(engine, data(GOLD), parse_systems("ngram,model-transfer"))
    comparison = compare_systems(data(GOLD), found)
    ngram, transfer = comparison.systems
    # ngram finds three of four entities; the classifier knows neither Sevilla nor Lugo.
    assert (ngram.scores.micro.correct, ngram.scores.micro.predicted, ngram.scores.micro.gold) == (3, 3, 4)
    assert (transfer.scores.micro.correct, transfer.scores.micro.predicted) == (2, 2)
    assert comparison.best.name == "ngram"
    assert comparison.disagreeing == 1
    assert comparison.disagreements[0].source is not None
    assert comparison.disagreements[0].source.text == "Ana Ruiz lives in Seville"


def test_a_sentence_that_fails_counts_as_unlabelled(engine: Engine) -> None:
    gold = [GOLD[0], "palabra " * 600 + "[PER Ana]"]
    found = run_systems(engine, data(gold), parse_systems("ngram"))
    assert list(found.failed) == [1]
    assert found.predictions["ngram"][1].spans == ()
    assert compare_systems(data(gold), found).systems[0].scores.micro.gold == 3


def test_a_language_that_the_models_lack_is_said_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise LanguageError("no language 'hau_Latn'")

    monkeypatch.setattr(engine.models.translator(), "tokenize", lacking, raising=False)
    with pytest.raises(LanguageError, match="hau_Latn"):
        run_systems(engine, data(GOLD), parse_systems("ngram"))


def test_given_sources_are_projected_or_labelled_anew(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "es.conll").write_text(CONLL)
    (tmp_path / "en.conll").write_text("Ana B-LOC\nlives O\nin O\nSeville O\n\nspeaks O\n\n")
    (tmp_path / "links").write_text("0-0 1-1 2-2 3-3\n0-0\n")
    files = {"source": str(tmp_path / "en.conll"), "alignments": str(tmp_path / "links")}
    given = load_set("es", str(tmp_path / "es.conll"), **files)  # type: ignore[arg-type]
    assert given.aligned
    specs = parse_systems("ngram")
    labels = run_systems(engine, given, specs).predictions["ngram"][0].spans
    assert [(s.start, s.end, s.label) for s in labels] == [(0, 3, "LOC")]
    anew = run_systems(engine, given, specs, label_source=True).predictions["ngram"][0].spans
    assert [(s.start, s.end, s.label) for s in anew] == [(0, 3, "PER"), (12, 19, "LOC")]


def test_alignments_may_be_given_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "es.conll").write_text("vive O\nAna B-PER\n\n")
    (tmp_path / "en.conll").write_text("Ana B-PER\nis O\nalive O\n\n")
    (tmp_path / "links").write_text("1-0 0-2\n")
    files = {"source": str(tmp_path / "en.conll"), "alignments": str(tmp_path / "links")}
    found = load_set("es", str(tmp_path / "es.conll"), swap=True, **files)  # type: ignore[arg-type]
    assert found.pairs is not None
    assert found.pairs[0].alignment is not None
    assert found.pairs[0].alignment.links == ((0, 1), (2, 0))
    with pytest.raises(UsageError, match="give the source too"):
        load_set("es", str(tmp_path / "es.conll"), alignments=files["alignments"])
    (tmp_path / "links").write_text("1-0 0-2\n0-0\n")
    with pytest.raises(LengthMismatchError):
        load_set("es", str(tmp_path / "es.conll"), **files)  # type: ignore[arg-type]


def test_folders_name_languages_by_folder_or_file(tmp_path: Path) -> None:
    for name in ("hau/test.txt", "hau/dev.txt", "swa/test.txt", "notes/readme.txt"):
        (tmp_path / "masakha" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "masakha" / name).write_text(CONLL)
    for name in ("es.test.tsv", "es.train.tsv", "de.test.tsv"):
        (tmp_path / "original").mkdir(exist_ok=True)
        (tmp_path / "original" / name).write_text(CONLL)
    masakha, original = str(tmp_path / "masakha"), str(tmp_path / "original")
    assert find_sets(masakha, []) == [("hau", f"{masakha}/hau/test.txt"), ("swa", f"{masakha}/swa/test.txt")]
    assert find_sets(masakha, ["swh_Latn"]) == [("swa", f"{masakha}/swa/test.txt")]
    assert find_sets(masakha, [], "dev") == [("hau", f"{masakha}/hau/dev.txt")]
    assert [code for code, _ in find_sets(original, [])] == ["de", "es"]
    assert find_sets(f"{original}/es.test.tsv", []) == [("es", f"{original}/es.test.tsv")]
    assert find_sets(f"{masakha}/hau/test.txt", []) == [("hau", f"{masakha}/hau/test.txt")]
    assert find_sets("x/{lang}.txt", ["de", "it"]) == [("de", "x/de.txt"), ("it", "x/it.txt")]
    with pytest.raises(UsageError, match="no test file for yo; there are hau, swa"):
        find_sets(masakha, ["hau", "yo"])
    with pytest.raises(UsageError, match="--lang"):
        find_sets(f"{tmp_path}/masakha/notes/readme.txt", [])


def test_a_file_with_a_bad_record_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "es.conll").write_text("Ana B-PER\n\nvive X-1\n\nhabla O\n")
    found = load_set("es", str(tmp_path / "es.conll"))
    assert [s.text for s in found.gold] == ["Ana", "habla"]
    assert [r.line for r in found.rejected] == [3]
    assert len(load_set("es", str(tmp_path / "es.conll"), limit=1).gold) == 1


def test_labelled_text_files_are_in_columns(tmp_path: Path) -> None:
    (tmp_path / "hau.txt").write_text("Ana B-PER\nvive O\n\nhabla O\n")
    found = load_set("hau", str(tmp_path / "hau.txt"), source=str(tmp_path / "hau.txt"))
    assert [(s.text, len(s.spans)) for s in found.gold] == [("Ana vive", 1), ("habla", 0)]
    assert found.pairs is not None
    assert [len(pair.source.spans) for pair in found.pairs] == [1, 0]
    assert load_set("hau", str(tmp_path / "hau.txt"), input_format="text").gold[0].text == "Ana B-PER"


def test_systems_are_named_with_their_options() -> None:
    one, two = parse_systems("ngram:score=pairs:max_length=3, heuristic:threshold=null")
    assert (one.title, one.name, dict(one.options)) == (
        "ngram:score=pairs:max_length=3",
        "ngram",
        {"score": "pairs", "max_length": 3},
    )
    assert two.options == {"threshold": None}
    names = [spec.name for spec in parse_systems("all")]
    assert {"ngram", "heuristic", "calibrated", "ensemble"} <= set(names)
    assert not {"easyproject", "translate-train", "codec"} & set(names)
    for text, message in {
        "ngramm": "unknown system",
        "ngram:score": "expected NAME=VALUE",
        "ngram:scor=x": "scor",
        "ngram,ngram": "given twice",
        " , ": "no system",
        "easyproject": "no gold to compare",
        "codec:mode=translate-train": "no gold to compare",
    }.items():
        with pytest.raises(UsageError, match=message):
            parse_systems(text)
