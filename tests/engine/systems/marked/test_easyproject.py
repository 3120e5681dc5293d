from __future__ import annotations

import pytest

from engine_sentences import found, job
from fakes import FakeModels, ScriptedTranslator
from spanport.systems.base import make_system
from spanport.systems.marked.easyproject import normalise_brackets, read_back
from spanport.systems.tools import Tools

TWO = "[PER Ana] saw [LOC Seville]"


@pytest.mark.parametrize(
    ("source", "translated", "alone", "expected"),
    [
        ("[PER Ana] left", "se fue [Ana]", ["Ana"], [("PER", "Ana")]),
        ("[PER Ana] left", "se fue [Eva]", ["Ana"], [("PER", "Eva")]),  # one entity: in order, whatever it says
        ("[PER Ana] saw [PER Eva]", "[Eva] fue vista por [Ana]", ["Ana", "Eva"], [("PER", "Eva"), ("PER", "Ana")]),
        (TWO, "[Sevilla] la vio [Ana]", ["Ana", "Sevilla"], [("LOC", "Sevilla"), ("PER", "Ana")]),
        (TWO, "[Seville] la vio [Ana]", ["Ana", "Hispalis"], [("LOC", "Seville"), ("PER", "Ana")]),  # English form
        (TWO, "[Sevillana] vio [Ana]", ["Ana", "Sevilla"], [("LOC", "Sevillana"), ("PER", "Ana")]),  # like it
        (TWO, "[Hispalis] la vio [Ana]", ["Ana", "Xyz"], [("LOC", "Hispalis"), ("PER", "Ana")]),  # by elimination
        (TWO, "[Hispalis] vio [q]", ["Ana", "Xyz"], None),  # two unresolved
        (TWO, "[Ana] vio [Ana]", ["Ana", "Sevilla"], None),  # labels differ from the source's
        (TWO, "Ana vio [Sevilla]", ["Ana", "Sevilla"], None),  # a pair of brackets is lost
        (TWO, "[Ana] vio Sevilla]", ["Ana", "Sevilla"], None),
        (TWO, "]Ana[ vio [Sevilla]", ["Ana", "Sevilla"], None),
        (TWO, "[Ana] vio [ ]", ["Ana", "Sevilla"], None),
        ("It rains", "Llueve", [], []),
        ("It rains", "", [], None),
    ],
)
def test_labels_of_what_the_brackets_hold(
    source: str, translated: str, alone: list[str], expected: list[tuple[str, str]] | None
) -> None:
    result = read_back(job(source, ""), translated, alone)
    if expected is None:
        assert result.status == "infeasible"
        assert result.target.text == ""
    else:
        assert result.target.text == translated.replace("[", "").replace("]", "")
    assert found(result) == (expected or [])


def test_brackets_are_normalised() -> None:
    assert normalise_brackets("[[Ana]] 【Sevilla】 《X》 [ [Y] ]") == "[Ana] [Sevilla] [X] [Y]"


def test_it_translates_sentences_and_entities_and_answers_one_for_one() -> None:
    texts = {"[Ana] saw [Seville]": "[Ana] vio [Sevilla]", "Seville": "Sevilla", "[Ana] left": "se fue"}
    translator = ScriptedTranslator(texts=texts)
    system = make_system("easyproject", {}, Tools(FakeModels(fake_translator=translator)))  # type: ignore[arg-type]
    results = system.project([job(TWO, ""), job("[PER Ana] left", ""), job("Hello", "")])
    assert [found(r) for r in results] == [[("PER", "Ana"), ("LOC", "Sevilla")], [], []]
    assert [r.target.text for r in results] == ["Ana vio Sevilla", "", "Hello"]
    assert [r.target.language for r in results] == ["spa_Latn"] * 3
    assert translator.asked.count("Ana") == 1
