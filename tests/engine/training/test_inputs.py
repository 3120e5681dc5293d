"""What is read, and what is refused or noted in words before any work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

import toy
from spanport.errors import LengthMismatchError, UsageError
from spanport.training.inputs import Notes, read_labelled, read_pairs, read_text
from spanport.types import Sentence, Span


@pytest.fixture
def notes() -> Notes:
    return Notes(lambda line: None)


def write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_a_labelled_file_names_its_language(tmp_path: Path, notes: Notes) -> None:
    path = write(tmp_path / "some.conll", toy.conll(toy.sentences(9)))
    assert read_labelled(path, notes).language == "eng_Latn"
    found = read_labelled(f"{path}:de", notes)
    assert (found.name, found.language, len(found.sentences)) == (path, "deu_Latn", 9)
    assert found.sentences[0].span_texts()[0][0] == "PER"
    assert not notes.lines
    with pytest.raises(UsageError, match=r"klingon.*expected FILE or FILE:LANG"):
        read_labelled(f"{path}:klingon", notes)


def test_labels_must_tell_words_apart(tmp_path: Path, notes: Notes) -> None:
    rows = toy.sentences(9)
    none = [(words, ["O"] * len(words)) for words, _ in rows]
    with pytest.raises(UsageError, match="has no label: every word is O"):
        read_labelled(write(tmp_path / "none.conll", toy.conll(none)), notes)
    every = [(words, ["B-PER"] * len(words)) for words, _ in rows]
    with pytest.raises(UsageError, match="every word is labelled PER"):
        read_labelled(write(tmp_path / "every.conll", toy.conll(every)), notes)
    one = [(words, ["B-PER", *["O"] * (len(words) - 1)]) for words, _ in rows]
    read_labelled(write(tmp_path / "one.conll", toy.conll(one)), notes)
    assert notes.lines == [f"{tmp_path / 'one.conll'} has one label only: PER"]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_sentences_are_refused(count: int, tmp_path: Path, notes: Notes) -> None:
    rows = toy.sentences(count)
    with pytest.raises(UsageError, match=f"has {count} sentences? with words; expected at least 8"):
        read_labelled(write(tmp_path / "few.conll", toy.conll(rows)), notes)
    with pytest.raises(UsageError, match=f"has {count} sentences? with words"):
        read_text(write(tmp_path / "few.txt", toy.text(rows)), "spa_Latn", notes)


def test_labels_of_target_text_stay_unread(tmp_path: Path, notes: Notes) -> None:
    path = write(tmp_path / "some.conll", toy.conll(toy.sentences(9, other=True)))
    assert not any(one.spans for one in read_text(path, "spa_Latn", notes).sentences)
    given = [Sentence("Ana vive", spans=(Span(0, 3, "PER"),))] * 9
    assert not any(one.spans for one in read_text(given, "spa_Latn", notes).sentences)


def test_parallel_files_of_different_lengths(tmp_path: Path, notes: Notes) -> None:
    source = write(tmp_path / "en.txt", toy.text(toy.sentences(9)))
    target = write(tmp_path / "es.txt", toy.text(toy.sentences(8, other=True)))
    with pytest.raises(LengthMismatchError, match=r"es\.txt has 8"):
        read_pairs(source, target, None, "eng_Latn", "spa_Latn", notes)


def test_pairs_bring_labels_and_links(tmp_path: Path, notes: Notes) -> None:
    source = write(tmp_path / "en.conll", toy.conll(toy.sentences(9)))
    target = write(tmp_path / "es.txt", toy.text(toy.sentences(9, other=True)))
    links = write(tmp_path / "links.pharaoh", "0-0 1-1\n" * 9)
    name, pairs = read_pairs(source, target, links, "eng_Latn", "spa_Latn", notes)
    assert name == "en.conll and es.txt"
    assert pairs[0].source.spans
    assert pairs[0].alignment is not None
    assert pairs[0].target.language == "spa_Latn"
    _, bare = read_pairs(source, target, None, "eng_Latn", "spa_Latn", notes)
    assert bare[0].alignment is None


def test_text_of_another_language_is_noted(tmp_path: Path, notes: Notes) -> None:
    path = write(tmp_path / "text.txt", "The house of the queen and the king was in the north .\n" * 9)
    read_text(path, "yor_Latn", notes)
    assert len(notes.lines) == 1
    assert "may not be yor_Latn" in notes.lines[0]
    assert "frequent words of English (eng_Latn)" in notes.lines[0]


def test_the_other_side_and_labelled_files_are_looked_at_too(tmp_path: Path, notes: Notes) -> None:
    spanish = "La casa de la reina y del rey estaba en el norte .\n"
    source, target = (
        write(tmp_path / "en.txt", spanish * 9),
        write(tmp_path / "yo.txt", "Ile oba wa ni ariwa .\n" * 9),
    )
    read_pairs(source, target, None, "eng_Latn", "yor_Latn", notes)
    words = spanish.split()
    rows = [(words, ["B-LOC", *["O"] * (len(words) - 1)])] * 9
    read_labelled(write(tmp_path / "some.conll", toy.conll(rows)), notes)
    assert sum("en.txt may not be eng_Latn" in line for line in notes.lines) == 1
    assert "some.conll may not be eng_Latn" in notes.lines[-1]


def test_records_that_cannot_be_read_are_counted(tmp_path: Path, notes: Notes) -> None:
    path = tmp_path / "text.jsonl"
    path.write_text('{"text": "una casa"}\n' * 9 + "{no\n", encoding="utf-8")
    assert len(read_text(str(path), "spa_Latn", notes).sentences) == 9
    assert "1 record left out, which cannot be read; line 10" in notes.lines[0]
