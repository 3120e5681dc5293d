"""T-Projection's selection: which occurrences count, who chooses first, and what a file of candidates must be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine_sentences import found, job
from fakes import FakeModels, FakeTranslator
from spanport.errors import UsageError
from spanport.systems.base import make_system
from spanport.systems.t_projection import occurrences
from spanport.systems.tools import Tools


def project(tmp_path: Path, source: str, target: str, candidates: dict[str, list[str]], **options: object):
    path = tmp_path / "candidates.jsonl"
    path.write_text(json.dumps({"target": target, "candidates": candidates}) + "\n\n")
    translator = FakeTranslator(words={"Seville": "Sevilla", "Ann": "Ana"})
    tools = Tools(FakeModels(fake_translator=translator))  # type: ignore[arg-type]
    (result,) = make_system("t-projection", {"candidates": str(path), **options}, tools).project(
        [job(source, target)]
    )
    return result


@pytest.mark.parametrize(
    ("words", "target", "inside", "expected"),
    [
        ("Ana", "Ana vio a Ana", False, ((0, 1), (3, 4))),
        ("Ana Ruiz", "vio a Ana Ruiz", False, ((2, 4),)),
        ("ana", "vio a Ana.", False, ((2, 3),)),  # without case and punctuation
        ("Ana", "ana vio a Ana", False, ((3, 4),)),  # the exact one alone
        ("Ankara", "Ankarada kaldi", False, ()),
        ("Ankara", "Ankarada kaldi", True, ((0, 1),)),
        ("Ana Ruiz", "Anada Perezde", True, ()),  # every word counts
        ("", "Ana", True, ()),
        (".", "Ana !", True, ()),
    ],
)
def test_occurrences(words: str, target: str, inside: bool, expected: tuple[tuple[int, int], ...]) -> None:
    assert occurrences(words.split(), target.split(), inside=inside) == expected


def test_the_best_translation_of_the_label_is_chosen(tmp_path: Path) -> None:
    result = project(
        tmp_path,
        "[PER Ann] left [LOC Seville]",
        "Ana dejo Sevilla por Ana",
        {"PER": ["Sevilla", "Ana", "Eva"], "LOC": ["dejo Sevilla", "Sevilla"]},
    )
    assert found(result) == [("PER", "Ana"), ("LOC", "Sevilla")]
    assert [span.start for span in result.spans] == [0, 9]
    assert [span.source for span in result.spans] == list(result.source.spans)
    assert all(0 < span.score <= 1 for span in result.spans)


def test_what_is_labelled_is_not_labelled_again(tmp_path: Path) -> None:
    twice = project(tmp_path, "[PER Ann] and [PER Ann]", "Ana y Ana", {"PER": ["Ana"]})
    assert [(span.start, span.end) for span in twice.spans] == [(0, 3), (6, 9)]
    once = project(tmp_path, "[PER Ann] and [PER Ann]", "Ana sola", {"PER": ["Ana"]})
    assert len(once.spans) == 1


def test_targets_without_candidates_keep_nothing(tmp_path: Path) -> None:
    assert project(tmp_path, "[PER Ann] left", "Ana se fue", {"LOC": ["Ana"]}).spans == ()
    path = tmp_path / "candidates.jsonl"
    system = make_system("t-projection", {"candidates": str(path)}, Tools(FakeModels()))  # type: ignore[arg-type]
    assert system.project([job("[PER Ann] left", "Otra frase")])[0].spans == ()


def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"target": "x", "candidates": {}}\n{"target": 3}\n')
    for options, message in (
        ({}, "pass their file, candidates=FILE.jsonl"),
        ({"candidates": str(tmp_path / "none.jsonl")}, "No such file"),
        ({"candidates": str(tmp_path / "bad.jsonl")}, "bad.jsonl, line 2: .* expected"),
    ):
        system = make_system("t-projection", options, Tools(FakeModels()))  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=message):
            system.project([job("[PER Ann] left", "Ana")])
