"""`spanport train` and `spanport tune` on the command line: what options become, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import spanport.training
from spanport.training import Aligner, Figure, LessonOptions, Tagger
from spanport_models.training import TrainOptions


class Seen(dict[str, Any]):
    """What the function behind a command was called with."""

    def report(self, **given: Any) -> Any:
        self.update(given)
        figures = {"test": Figure(0.5, 0.5, 0.5, 0.4, 0.6)}
        report = type("Report", (), {"exported": figures, "before": {"aer": 0.3}, "after": {"aer": 0.2}})()
        return (Tagger if "method" in given else Aligner)._make(
            [Path("out"), Path("out/huggingface"), report] if "method" in given else [Path("out"), report]
        )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    monkeypatch.setattr(spanport.training, "train", found.report)
    monkeypatch.setattr(spanport.training, "tune", found.report)
    return found


def test_options_of_train(cli, seen: Seen) -> None:
    ran = cli(
        *("train", "--lang", "yor_Latn", "-o", "out", "--labelled", "en.conll", "--labelled", "pt.conll:pt"),
        *("--parallel", "en.txt", "yo.txt", "--alignments", "l.pharaoh", "--method", "multi", "--base", "xlmr"),
        *("--drop-labels", "DATE,MISC", "--seeds", "1,2", "--budget", "5", "--tau", "0.4", "--no-mask"),
        *("--option", "weights=[1,2]", "--test", "t.conll"),
    )
    assert ran.code == 0
    assert json.loads(ran.out)["test"]["f1"] == 0.5
    assert seen["labelled"] == ["en.conll", "pt.conll:pt"]
    assert seen["parallel"] == ("en.txt", "yo.txt", "l.pharaoh")
    assert seen["drop_labels"] == ["DATE", "MISC"]
    assert seen["method_options"] == {"weights": [1, 2]}
    assert seen["lessons"] == LessonOptions(tau=0.4, mask=False)
    assert seen["options"] == TrainOptions(seeds=(1, 2), budget=5.0)
    assert (seen["method"], seen["base"], seen["test"], seen["select"]) == ("multi", "xlmr", "t.conll", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", "one"), "--seeds 'one': expected whole numbers"),
        (("--select", "dev"), "--select 'dev': expected target-dev"),
        (("--option", "weights"), "expected NAME=VALUE"),
        (("--seeds", "3,3"), "--seeds '3,3': expected each number once"),
        (("--alignments", "l.pharaoh"), "--alignments l.pharaoh needs --parallel SOURCE TARGET"),
        (("--sources-curve", "--dev", "d.conll"), "--sources-curve makes no tagger and takes no --dev"),
    ],
)
def test_what_train_refuses(cli, seen: Seen, words: tuple[str, ...], message: str) -> None:
    ran = cli("train", "--lang", "yo", "-o", "out", *words)
    assert ran.code == 2
    assert message in ran.err
    assert not seen


def test_help_names_every_method_and_its_own_options(cli) -> None:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    shown = " ".join(cli("train", "--help").out.replace("│", " ").split())
    from spanport_models.training import method_names

    assert all(name in shown for name in method_names())
    assert "Option of the method, NAME=VALUE" in shown
    assert "Subwords of a batch, padding included" in shown
    assert shown.count("spanport train --") == 3
    assert " ".join(cli("tune", "--help").out.split()).count("spanport tune --") == 2


@pytest.mark.slow
def test_options_of_tune(cli, seen: Seen) -> None:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    ran = cli(
        *("tune", "--parallel", "en.txt", "yo.txt", "--lang", "yo", "-o", "out", "--loss", "so,tlm", "--lora", "8"),
        *("--gold", "g.pharaoh", "--test", "a.conll", "b.conll"),
    )
    assert ran.code == 0
    assert json.loads(ran.out) == {"before": {"aer": 0.3}, "after": {"aer": 0.2}}
    assert seen["options"].losses == ("so", "tlm")
    assert (seen["options"].lora, seen["gold"], seen["test"]) == (8, "g.pharaoh", ("a.conll", "b.conll"))
    ran = cli("tune", "--parallel", "en.txt", "yo.txt", "--lang", "yo", "-o", "out", "--loss", "so,psi")
    assert ran.code == 2
    assert "expected so, infonce, tlm and co" in ran.err


def test_a_benchmark_brings_what_is_not_given(cli, seen: Seen, tmp_path: Path) -> None:
    for name in ("en.train.tsv", "es.train.tsv", "es.test.tsv"):
        (tmp_path / name).write_text("Ana B-PER\n")
    ran = cli("train", "--benchmark", "conll", "--data", tmp_path, "--lang", "es", "-o", "out")
    assert ran.code == 0, ran.err
    assert (seen["labelled"], seen["text"]) == ([str(tmp_path / "en.train.tsv")], str(tmp_path / "es.train.tsv"))
    assert (seen["test"], seen["drop_labels"]) == (str(tmp_path / "es.test.tsv"), [])
    cli("train", "--benchmark", "conll", "--data", tmp_path, "--lang", "es", "-o", "out", "--parallel", "a", "b")
    assert (seen["text"], seen["parallel"]) == (None, ("a", "b"))
    (tmp_path / "pt").mkdir()
    (tmp_path / "pt" / "test").write_text("pt:Ana B-PER\npt:mora O\n\n")
    given = ("--benchmark", "wikiann", "--data", tmp_path, "--labelled", "en.conll", "--text", "pt.txt")
    assert cli("train", *given, "--lang", "por_Latn", "-o", "out").code == 0
    assert [one.text for one in seen["test"]] == ["Ana mora"]
    assert (seen["labelled"], seen["drop_labels"]) == (["en.conll"], ["MISC"])
