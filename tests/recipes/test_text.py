"""Text, augmentation and labels of the training recipe, on sentences of our own."""

import random

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from mini.augment import NameSwap
from mini.labels import IGNORED, spans
from mini.selflabel import project
from mini.sources import Pair, read_conll, read_links, thin
from mini.standards import apart, standard
from mini.text import detokenize, place
from mini.translator import piece_links


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("Olga did n't see Ann 's \" old \" cat ( grey ) .", "eng_Latn", "Olga didn't see Ann's \"old\" cat (grey)."),
        ("L' ufficio dell' avvocato è chiuso , vero ?", "ita_Latn", "L'ufficio dell'avvocato è chiuso, vero?"),
        ("¿ Quién llamó ? preguntó Inés .", "spa_Latn", "¿Quién llamó? preguntó Inés."),
        ("Er sagte : \" Nein ! \" und ging .", "deu_Latn", "Er sagte: \"Nein!\" und ging."),
        ("", "deu_Latn", ""),
    ],
)  # fmt: skip
def test_detokenize(words: str, language: str, expected: str) -> None:
    assert detokenize(words.split(), language) == expected


def test_place_gives_the_end_of_each_word() -> None:
    words = ["Peter", "'s", "dog", ",", "Rex", ",", "slept", "."]
    text, ends = place(words, "eng_Latn")
    assert [text[end - len(word) : end] for word, end in zip(words, ends, strict=True)] == words


def test_spans_reads_iob2_and_tolerates_a_lone_inside() -> None:
    labels = ["B-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-ORG", "O"]
    assert spans(labels) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC"), (5, 6, "ORG")]


def _pair() -> Pair:
    return Pair(
        "spa_Latn",
        "test",
        1.0,
        (["Yesterday", "Ana", "Ruiz", "left", "Oslo", "."], ["Ayer", "Ana", "Ruiz", "dejó", "Oslo", "."]),
        (["O", "B-PER", "I-PER", "O", "B-LOC", "O"], ["O", "B-PER", "I-PER", "O", "B-LOC", "O"]),
        [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)],
    )


def test_name_swap_keeps_words_labels_and_links_together() -> None:
    other = Pair(
        "spa_Latn",
        "test",
        1.0,
        (["Bo", "met", "Mary", "Ann", "Lee"], []),
        (["B-PER", "O"] + ["B-PER"] + ["I-PER"] * 2, []),
    )
    swap = NameSwap([_pair(), other], random.Random(5))
    changed = 0
    for _ in range(100):
        new = swap(_pair(), 0.8)
        for side in (0, 1):
            assert len(new.words[side]) == len(new.labels[side])
            assert [kind for *_, kind in spans(new.labels[side])] == ["PER", "LOC"]
        for (s, e, _), (t, u, _) in zip(spans(new.labels[0]), spans(new.labels[1]), strict=True):
            assert new.words[0][s:e] == new.words[1][t:u]
            assert {(s + k, t + k) for k in range(e - s)} <= set(new.links)
        assert max(i for i, _ in new.links) == len(new.words[0]) - 1
        assert (len(new.words[0]) - 1, len(new.words[1]) - 1) in new.links
        changed += new.words != _pair().words
    assert changed > 25


def test_name_swap_leaves_doubtful_labels_alone() -> None:
    pair = _pair()
    pair.labels = (pair.labels[0], [IGNORED] * 6)
    assert NameSwap([_pair()], random.Random(1))(pair, 1.0) is pair


def test_self_labels_follow_links() -> None:
    labels = ["B-ORG", "I-ORG", "O", "B-PER"]
    links = [(0, 1), (1, 0), (2, 2), (3, 4)]
    assert project(labels, links, 5) == ["B-ORG", "I-ORG", "O", "O", "B-PER"]


def test_self_labels_ignore_what_cannot_be_known() -> None:
    assert project(["B-PER", "O"], [(1, 0)], 2) == [IGNORED, IGNORED]
    assert project([IGNORED, "O"], [(0, 1), (1, 0)], 3) == ["O", IGNORED, "O"]


def test_self_labels_take_the_longest_run() -> None:
    assert project(["B-LOC"], [(0, 0), (0, 4), (0, 5)], 6) == ["O", "O", "O", "O", "B-LOC", "I-LOC"]


def test_words_derived_from_names_are_no_names_but_in_german() -> None:
    words = ["el", "español", "Ana", "王", "Copa", "del", "mundo", "muy", "ruso"]
    labels = ["O", "B-MISC", "B-PER", "B-MISC", "B-MISC", "I-MISC", "I-MISC", "B-MISC", "I-MISC"]
    assert standard(words, labels, "spa_Latn", []) == [labels[0], "O", *labels[2:7], "O", "O"]
    assert standard(words, labels, "deu_Latn", []) == labels


@pytest.mark.parametrize(
    ("word", "kind", "english", "expected"),
    [
        ("Fifa-Beschluss", "ORG", "FIFA", "B-MISC"),
        ("Hamburger", "LOC", "Hamburg", "B-MISC"),
        ("Klein-Bonn", "LOC", "Klein-Bonn", "B-LOC"),
        ("Klein-Bonn", "LOC", "Bonn", "B-LOC"),  # what follows the dash is a name there
        ("Obst-Allee", "LOC", "Fruit Avenue", IGNORED),
        ("Hannover", "LOC", "Hanover", "B-LOC"),
        ("Hamburger", "LOC", "Bonn", "B-LOC"),
        ("Weber", "PER", "Webb", "B-PER"),
    ],
)
def test_a_name_within_another_german_word_is_misc(word: str, kind: str, english: str, expected: str) -> None:
    assert standard(["der", word], ["O", f"B-{kind}"], "deu_Latn", [english]) == ["O", expected]
    assert standard([word], [f"B-{kind}"], "swe_Latn", [english]) == [f"B-{kind}"]


def test_a_person_of_two_words_is_no_compound() -> None:
    labels = ["B-PER", "I-PER"]
    assert standard(["Ute", "Lang-Maier"], labels, "deu_Latn", ["Ute Lang"]) == labels


def test_a_dash_between_names_parts_them() -> None:
    words = ["FC", "Lima", "-", "FC", "Quito", "-", "x", "Al-Ain"]
    labels = ["B-ORG", "I-ORG", "I-ORG", "I-ORG", "I-ORG", "O", "O", "B-ORG"]
    assert apart(words, labels) == ["B-ORG", "I-ORG", "O", "B-ORG", "I-ORG", "O", "O", "B-ORG"]


def test_piece_links_count_from_the_language_code() -> None:
    assert piece_links([(0, 1), (1, 0)], [0, 0, 1], [0, 1, 1]) == [(1, 2), (1, 3), (2, 2), (2, 3), (3, 1)]


def test_readers(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.tsv").write_text("-DOCSTART- O\n\nLima B-LOC\n. O\n\n\nSí O\n", encoding="utf-8")
    assert read_conll(tmp_path / "a.tsv") == [
        (["-DOCSTART-"], ["O"]),
        (["Lima", "."], ["B-LOC", "O"]),
        (["Sí"], ["O"]),
    ]
    (tmp_path / "a.pharaoh").write_text("0-0 2-1\n\n1-0\n", encoding="utf-8")
    assert read_links(tmp_path / "a.pharaoh", swap=False) == [[(0, 0), (2, 1)], [], [(1, 0)]]
    assert read_links(tmp_path / "a.pharaoh", swap=True) == [[(0, 0), (1, 2)], [], [(0, 1)]]


def test_thin_spreads_over_all_sources() -> None:
    pairs = [Pair("spa_Latn", str(index), 1.0) for index in range(100)]
    assert [pair.origin for pair in thin(iter(pairs), 4)] == ["0", "25", "50", "75"]
