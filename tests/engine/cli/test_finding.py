from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spanport.cli.completion import complete_bundles, complete_formats, complete_languages, complete_systems
from spanport.formats import FORMATS
from spanport.languages import languages
from spanport.systems.base import make_system, system_names
from spanport.systems.catalogue import catalogue

PAGE = Path(__file__).resolve().parents[3] / "docs" / "system-options.md"


def test_every_option_of_every_system_has_its_values_its_default_and_a_meaning() -> None:
    entries = catalogue()
    assert [entry.name for entry in entries] == list(system_names())
    for entry in entries:
        settings = make_system(entry.name).settings
        assert {option.name for option in entry.options} == set(settings.__struct_fields__)
        assert entry.about.endswith(".")
        for option in entry.options:
            assert option.meaning.endswith((".", "...")), f"{entry.name}: {option.name} has no meaning"
            assert option.values
            given = json.loads(option.default)
            assert getattr(type(settings).of({option.name: given}), option.name) == getattr(settings, option.name)


def test_values_are_told_in_words() -> None:
    (heuristic,) = (entry for entry in catalogue() if entry.name == "heuristic")
    told = {option.name: (option.values, option.default) for option in heuristic.options}
    assert told["threshold"] == ("number of 0 or more or null", "0.8")
    assert told["only_i"] == ("true or false", "false")
    assert told["collision"] == ("overwrite or skip", '"overwrite"')
    assert told["drop_labels"] == ("list of strings", "[]")
    assert "2501.18750" in heuristic.presets


def test_systems(cli) -> None:
    ran = cli("systems")
    assert all(name in ran.out for name in system_names())
    assert "threshold" in cli("systems", "heuristic").out
    ran = cli("systems", "heuristik")
    assert (ran.code, "did you mean 'heuristic'" in ran.err) == (2, True)
    assert [entry["name"] for entry in json.loads(cli("systems", "--json").out)] == list(system_names())


def test_the_page_of_options_is_what_the_command_prints(cli) -> None:
    ran = cli("systems", "--markdown")
    assert PAGE.read_text("utf8").endswith(ran.out), "run: spanport systems --markdown, and put it into that page"


def test_languages(cli) -> None:
    assert len(json.loads(cli("languages", "--json").out)) == len(languages()) == 204
    assert [one["code"] for one in json.loads(cli("languages", "portug", "--json").out)] == ["por_Latn"]
    assert "Yoruba" in cli("languages", "yor").out
    for name, codes in (("es", ["spa_Latn"]), ("ace", ["ace_Arab", "ace_Latn"]), ("SPA_Latn", ["spa_Latn"])):
        assert [one["code"] for one in json.loads(cli("languages", name, "--json").out)] == codes
    assert len(json.loads(cli("languages", "chinese", "--json").out)) >= 2
    ran = cli("languages", "klingon")
    assert (ran.code, "unknown language 'klingon'" in ran.err) == (2, True)
    translated = json.loads(cli("languages", "--bundle", "mini", "--json").out)
    assert {"spa_Latn", "deu_Latn"} <= {one["code"] for one in translated} < set(languages())
    ran = cli("languages", "tibetan", "--bundle", "mini")
    assert (ran.code, "'mini' does not translate 'tibetan'" in ran.err) == (2, True)


def test_formats(cli) -> None:
    out = cli("formats").out
    assert all(name in out for name in FORMATS)


def test_completions_of_values() -> None:
    assert complete_systems("heu") == ["heuristic"]
    assert complete_languages("span") == [("spa_Latn", "Spanish")]
    assert ("deu_Latn", "German") in complete_languages("deu")
    assert "mini" in complete_bundles("")
    assert complete_formats("con") == ["conll", "conllu"]


@pytest.mark.parametrize(("words", "offered"), [("view", "view"), ("label x --system cal", "calibrated")])
def test_a_shell_is_offered_what_fits(words: str, offered: str) -> None:
    code = "import sys; sys.argv[0] = 'spanport'; from spanport.cli import main; main()"
    line = f"spanport {words}"
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_SPANPORT_COMPLETE": "complete_bash"}
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True)
    assert ran.stdout.split() == [offered], ran.stderr


def test_models_are_listed_with_their_licences_and_broken_ones_too(cli, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SPANPORT_HOME", str(tmp_path))
    (tmp_path / "models" / "broken").mkdir(parents=True)
    (tmp_path / "models" / "broken" / "manifest.json").write_text("{}")
    ran = cli("models", "list")
    assert ran.code == 0, ran.err
    lines = {line.split("│")[1].strip(): line for line in ran.out.splitlines() if line.startswith("│")}
    assert ("manifest" in lines["broken"], "yes" in lines["broken"]) == (True, True)
    entries = {entry["name"]: entry for entry in json.loads(cli("models", "list", "--json").out)}
    assert entries["mini"]["licence"] in lines["mini"]
    assert "(" not in entries["mini"]["licence"]
    assert (entries["mini"]["where"], entries["mini"]["languages"] >= 4) == ("bundled", True)
    assert entries["mini"]["bytes"] > 1e7
    assert (entries["nllb-600m"]["where"], entries["nllb-600m"]["bytes"] > 2e9) == ("to fetch", True)
    assert entries.keys() == lines.keys() - {"name", ""}, "no name is cut"
