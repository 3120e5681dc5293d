"""XML markers: what is written, what is read back by name, and what is dropped or lost."""

from __future__ import annotations

import pytest

from engine_sentences import found, job, sentence
from fakes import FakeEncoder, FakeModels, ScriptedTranslator
from spanport.formats.tokenized import sentence_of_words
from spanport.options import AlignOptions
from spanport.systems.base import make_system
from spanport.systems.marked.easyproject import read_tags
from spanport.systems.marked.tags import tag, tag_names, untag, uses_tags
from spanport.systems.tools import Tools

TWO = "[PER Ana] saw [LOC Seville]"


def test_every_entity_has_a_letter() -> None:
    assert tag(sentence("[PER Ana Ruiz], of [LOC Lugo].")) == "<a>Ana Ruiz</a>, of <b>Lugo</b>."
    tokenized = sentence_of_words(["(", "Ana", "Ruiz", ")", "left", "."], [(1, 3, "PER")], "eng_Latn")
    assert tag(tokenized) == "(<a>Ana Ruiz</a>) left."
    assert tag_names(28)[25:] == ["z", "aa", "ab"]


@pytest.mark.parametrize(
    ("text", "plain", "expected"),
    [
        ("<a>Ana</a> vio <b>Sevilla</b>", "Ana vio Sevilla", {0: "Ana", 1: "Sevilla"}),
        ("<b> Sevilla </b> vio < A >Ana</ a>", "Sevilla vio Ana", {0: "Ana", 1: "Sevilla"}),  # by name, not by place
        ("<a>Ana de <b>Lugo</b></a>", "Ana de Lugo", {0: "Ana de Lugo", 1: "Lugo"}),
        ("<a>Ana</a> <c>y</c>", "Ana <c>y</c>", {0: "Ana"}),  # a name that nothing has
        ("<a>Ana y <a>Eva</a>", "Ana y Eva", {0: "Ana y Eva"}),
        ("Ana</a> vio <b>Sevilla", "Ana vio Sevilla", {}),
        ("<a> </a>Ana", "Ana", {}),
        ("fue<a> Ana</a>.", "fue Ana.", {0: "Ana"}),
    ],
)
def test_tags_are_read_by_name(text: str, plain: str, expected: dict[int, str]) -> None:
    read = untag(text, 2)
    assert read.text == plain
    assert {i: read.text[start:end] for i, (start, end) in read.ranges.items()} == expected


def test_a_sentence_with_a_tag_less_is_dropped() -> None:
    whole = read_tags(job(TWO, ""), "<b>Sevilla</b> vio <a>Ana</a>")
    assert found(whole) == [("LOC", "Sevilla"), ("PER", "Ana")]
    assert [span.source.label for span in whole.spans if span.source] == ["LOC", "PER"]
    two_people = job("[PER Ana] saw [PER Eva]", "")
    for work, text in (
        (two_people, "<a>Ana</a> vio a Eva"),  # a label less would pass, a name less does not
        (job(TWO, ""), "<a>Ana de <b>Sevilla</b></a>"),  # one in the other
        (job(TWO, ""), ""),
    ):
        assert read_tags(work, text).status == "infeasible"


def test_which_markers_are_used() -> None:
    keeps = type("Translator", (), {"keeps_tags": True})()
    assert [uses_tags(markers, keeps) for markers in ("auto", "brackets", "xml")] == [True, False, True]
    assert not uses_tags("auto", ScriptedTranslator())


def test_easyproject_translates_once() -> None:
    translator = ScriptedTranslator(texts={"<a>Ana</a> saw <b>Seville</b>": "<a>Ana</a> vio <b>Sevilla</b>"})
    tools = Tools(FakeModels(fake_translator=translator))  # type: ignore[arg-type]
    results = make_system("easyproject", {"markers": "xml"}, tools).project([job(TWO, ""), job("Hello", "")])
    assert [found(result) for result in results] == [[("PER", "Ana"), ("LOC", "Sevilla")], []]
    assert translator.asked == ["Hello", "<a>Ana</a> saw <b>Seville</b>"]


def test_backtranslation_loses_what_has_no_tag() -> None:
    texts = {"<a>Ana</a> saw <b>Seville</b>": "<a>Ana</a> vio Sevilla"}
    models = FakeModels(FakeEncoder(), ScriptedTranslator(texts=texts))
    tools = Tools(models, lambda: AlignOptions(extraction="intersection"))  # type: ignore[arg-type]
    (result,) = make_system("backtranslation", {"markers": "xml"}, tools).project([job(TWO, "Ana vio Sevilla")])
    assert found(result) == [("PER", "Ana")]
