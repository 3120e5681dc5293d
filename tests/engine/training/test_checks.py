"""Labels that a tagger learns: what is dropped, carried over, left open, and missed in gold files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import toy
from spanport.errors import UsageError
from spanport.training.checks import labels_to_learn
from spanport.training.inputs import Notes
from spanport.training.request import Data, Order, claim

BUNDLE = frozenset({"LOC", "MISC", "ORG", "PER"})


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, **renamed: str) -> str:
        """A file of toy sentences with other labels; those renamed to nothing are O."""
        content = toy.conll(toy.sentences(9))
        for old, new in renamed.items():
            content = content.replace(f"B-{old}", f"B-{new}" if new else "O")
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    return written


def learned(carried: frozenset[str] | None = None, **given: Any) -> tuple[list[str], list[str]]:
    """The labels, and the notes about them."""
    notes = Notes(lambda line: None)
    order = Order(lang="spa_Latn", out="", **given)
    return labels_to_learn(order, Data(order, notes), carried, notes), notes.lines


def test_labels_that_are_dropped(write: Any) -> None:
    path = write("en.conll")
    assert learned(labelled=[path], drop_labels=["LOC"]) == (["PER"], [])
    assert learned(labelled=[path], drop_labels=["PERS"]) == (
        ["LOC", "PER"],
        ["--drop-labels PERS: nothing has this label (did you mean 'PER'?)"],
    )
    with pytest.raises(UsageError, match="no label is left to learn: --drop-labels names all of LOC, PER"):
        learned(labelled=[path], drop_labels=["PER", "LOC"])
    assert learned(parallel=(path, write("es.conll")), carried=frozenset({"PER"}), drop_labels=["LOC"]) == (
        ["PER"],
        [],
    )


def test_labels_of_one_source_are_open_in_another(write: Any) -> None:
    files = [write("one.conll"), write("two.conll", LOC="")]
    found, notes = learned(labelled=files)
    assert found == ["LOC", "PER"]
    assert notes[0].endswith("two.conll has one label only: PER")
    assert notes[1].endswith("two.conll has no LOC: left open there, neither taught as O nor held against it")


def test_labels_that_cannot_be_carried_over(write: Any) -> None:
    text = {"text": write("es.conll")}
    foreign = write("drugs.conll", PER="DRUG", LOC="DOSE")
    with pytest.raises(UsageError, match=r"DOSE, DRUG, but those carried over .* are LOC, .* of the bundle mini;"):
        learned(BUNDLE, labelled=[foreign], **text)
    found, notes = learned(BUNDLE, labelled=[write("some.conll", PER="DRUG")], **text)
    assert found == ["DRUG", *sorted(BUNDLE)]
    assert notes[0].startswith("DRUG of ")
    assert notes[0].endswith("cannot be carried over: the text teaches nothing about them")
    assert learned(None, labelled=[foreign], **text) == (["DOSE", "DRUG"], [])


def test_gold_labels_that_the_tagger_does_not_learn(write: Any) -> None:
    path = write("en.conll")
    with pytest.raises(UsageError, match=r"has labels PERSON, PLACE; expected some of the tagger's: LOC, PER"):
        learned(labelled=[path], test=write("test.conll", PER="PERSON", LOC="PLACE"))
    given: dict[str, Any] = {"labelled": [path], "test": write("test.conll", LOC="PLACE")}
    assert learned(**given)[1][0].endswith("has PLACE, which the tagger does not learn; --drop-labels ignores them")
    assert learned(**given, drop_labels=["PLACE"])[1] == []


def test_text_that_a_method_does_not_read_is_noted(write: Any) -> None:
    notes = Notes(lambda line: None)
    order = Order(lang="spa_Latn", out="", method="direct", labelled=[write("en.conll")], text=write("es.conll"))
    Data(order, notes).require(frozenset({"labelled"}))
    assert notes.lines == ["method 'direct' learns from --labelled alone: the text is not learned from"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot make the folder .*out\.work: Not a directory; choose another"):
        claim(tmp_path / "file" / "out.work", "request")
