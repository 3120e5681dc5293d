"""The shared vocabulary and word pieces of the training recipe."""

import random

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from mini.pieces import Pieces
from mini.vocabulary import CODES, SPECIAL, nllb_tokenizer, train_pieces

_LINES = [
    "The mayor of Lisbon opened the new library, and the children's choir sang.",
    "Der Bürgermeister von Lissabon eröffnete die neue Bibliothek (mit Chor).",
    "El alcalde de Lisboa inauguró la nueva biblioteca: «¡qué alegría!»",
    "L'allenatore dell'Atletico non c'era; l'arbitro ha fischiato 3-1.",
]


@pytest.fixture(scope="module")
def pieces() -> list[tuple[str, float]]:
    return train_pieces(_LINES * 20, size=420)


def test_specials_come_first_and_ids_agree(pieces: list[tuple[str, float]]) -> None:
    tokenizer = nllb_tokenizer(pieces)
    assert [tokenizer.id_to_token(index) for index in range(4)] == SPECIAL
    assert all(tokenizer.token_to_id(piece) == index for index, (piece, _) in enumerate(pieces, 4))


def test_language_codes_are_last(pieces: list[tuple[str, float]]) -> None:
    nllb = nllb_tokenizer(pieces)
    assert [nllb.id_to_token(len(pieces) + 4 + k) for k in range(4)] == CODES


@pytest.mark.parametrize("line", _LINES)
def test_text_comes_back(pieces: list[tuple[str, float]], line: str) -> None:
    tokenizer = nllb_tokenizer(pieces)
    plain = line.replace("«", '"').replace("»", '"')
    assert tokenizer.decode(tokenizer.encode(line).ids) == plain


def test_elision_parts_the_word_from_its_article(pieces: list[tuple[str, float]]) -> None:
    tokenizer = nllb_tokenizer(pieces)
    joined = tokenizer.encode("dell'arbitro").tokens
    assert joined[joined.index("'") + 1].startswith("▁")
    assert tokenizer.encode("children's").tokens[-2:] != ["'", "▁s"]


def test_marks_that_are_words_cost_one_piece(pieces: list[tuple[str, float]]) -> None:
    tokenizer = nllb_tokenizer(pieces)
    encoding = tokenizer.encode(["(", "'s", ","], is_pretokenized=True, add_special_tokens=False)
    assert encoding.tokens == ["▁(", "▁'s", "▁,"]


def test_pieces_of_words_and_of_text_agree_with_their_owners(pieces: list[tuple[str, float]]) -> None:
    cutter = Pieces(nllb_tokenizer(pieces))
    words = ["The", "new", "library", ",", "opened"]
    text, ends = "The new library, opened", [3, 7, 15, 16, 23]
    ids, owners = cutter.owned(text, ends)
    assert ids == cutter.text(text)
    assert sorted(set(owners)) == [0, 1, 2, 3, 4]
    for number in (0, 1, 2, 4):
        assert [i for i, owner in zip(ids, owners, strict=True) if owner == number] == cutter.word(words[number])


def test_sampling_spells_the_same_word(pieces: list[tuple[str, float]]) -> None:
    tokenizer = nllb_tokenizer(pieces)
    cutter = Pieces(tokenizer)
    generator = random.Random(2)
    drawn = {tuple(cutter.sampled("biblioteca", generator, 1.0)) for _ in range(40)}
    assert len(drawn) > 2
    assert {tokenizer.decode(list(ids)) for ids in drawn} == {"biblioteca"}
    assert cutter.sampled("biblioteca", generator, 0.0) == cutter.word("biblioteca")


def test_a_word_of_nothing_is_unknown(pieces: list[tuple[str, float]]) -> None:
    assert Pieces(nllb_tokenizer(pieces)).word("") == [3]
