from __future__ import annotations

import pytest

from engine_sentences import sentence
from spanport.detokenize import detokenize, phrase, running_text
from spanport.formats.tokenized import sentence_of_words
from spanport.systems.marked.markers import entities_of, mark, marked_spans, match_marked, unmark


@pytest.mark.parametrize(
    ("words", "language", "text"),
    [
        ("Ana 's dog ( a pug ) barks , no ?", "eng_Latn", "Ana's dog (a pug) barks, no?"),
        ('He said : " Go " and " Stay " .', "eng_Latn", 'He said: "Go" and "Stay".'),
        ("I do n't know", "eng_Latn", "I don't know"),
        ("东 京 都", "zho_Hans", "东京都"),
        ("", "eng_Latn", ""),
    ],
)
def test_detokenize(words: str, language: str, text: str) -> None:
    assert detokenize(words.split(), language) == text


def test_marks_go_round_words_of_running_and_of_tokenized_text() -> None:
    assert mark(sentence("[PER Ana Ruiz], of [LOC Lugo].")) == "[Ana Ruiz], of [Lugo]."
    assert mark(sentence("[PER Ana Ruiz], of [LOC Lugo]."), only=1) == "Ana Ruiz, of [Lugo]."
    tokenized = sentence_of_words(["(", "Ana", "Ruiz", ")", "left", "."], [(1, 3, "PER")], "eng_Latn")
    assert mark(tokenized) == "([Ana Ruiz]) left."
    assert running_text(tokenized) == "(Ana Ruiz) left."
    assert phrase(tokenized, 1, 3) == "Ana Ruiz"


def test_entities_without_words_are_left_out() -> None:
    from spanport.types import Sentence, Span

    blank = Sentence("a  b", "", ((0, 1), (3, 4)), (Span(1, 2, "X"), Span(3, 4, "Y")))
    assert [(e.start, e.end, e.span.label) for e in entities_of(blank)] == [(1, 2, "Y")]


def test_unmark_gives_ranges_and_keeps_brackets_that_matched_nothing() -> None:
    text = "Hoy [ Ana Ruiz ] y [sic] en [Lugo]."
    assert marked_spans(text) == ["[ Ana Ruiz ]", "[sic]", "[Lugo]"]
    plain = unmark(text, [True, False, True])
    assert plain.text == "Hoy Ana Ruiz y [sic] en Lugo."
    assert [plain.text[i:j] for i, j in plain.spans] == ["Ana Ruiz", "Lugo"]


def test_marked_spans_match_the_most_similar_translation_that_is_left() -> None:
    assert match_marked(["[Sevilla]", "[Ana Ruiz]"], ["Ana Ruiz", "Sevilla"]) == [1, 0]
    # The second span would like the first's entity best, but that is taken, and nothing else is like it.
    assert match_marked(["[Sevilla]", "[Sevilla]"], ["Ana", "Sevilla"]) == [1, -1]
    # The ratio counts the brackets: 2*2/(4+2) = .67 for two letters, 2*1/(3+1) = .5, not above .5, for one.
    assert match_marked(["[ab]"], ["ab"]) == [0]
    assert match_marked(["[a]"], ["a"]) == [-1]
    assert match_marked(["[]"], [""]) == [-1]
