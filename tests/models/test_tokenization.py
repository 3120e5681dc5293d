from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spanport_models
import tiny_models as tiny
from spanport_models.errors import ArchitectureError, BundleError
from spanport_models.tokenization import TextTokenizer, WordTokenizer, load_tokenizer


@pytest.fixture(scope="module")
def words(xlm_roberta: Path) -> WordTokenizer:
    return WordTokenizer(xlm_roberta / "tokenizer.json", max_length=16)


def test_every_word_is_tokenized_on_its_own_as_transformers_does(words: WordTokenizer, xlm_roberta: Path) -> None:
    from transformers import AutoTokenizer

    reference = AutoTokenizer.from_pretrained(xlm_roberta)
    for text in tiny.TEXTS:
        expected = reference(text.split(), is_split_into_words=True, truncation=True, max_length=16)
        (actual,) = words([text.split()])
        assert actual.ids.tolist() == expected["input_ids"]
        assert actual.word_of_subword.tolist() == [w for w in expected.word_ids() if w is not None]


WORDS = st.lists(
    st.one_of(
        st.sampled_from([*" ".join(tiny.TEXTS).split(), "", " ", "l'Oréal", "a b", "</s>", "“x”"]),
        st.text(max_size=6),
    ),
    max_size=12,
)


@pytest.fixture(scope="module", params=["mini", "unigram", "byte-level"])
def tokenizer_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "mini":
        return Path(spanport_models.__file__).parent / "mini" / "encoder" / "tokenizer.json"
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made = tiny.unigram(("<s>", "</s>", "<unk>")) if request.param == "unigram" else tiny.byte_level()
    made.save(str(path))
    return path


@pytest.fixture(scope="module")
def ours_and_library(tokenizer_file: Path) -> tuple[WordTokenizer, Any]:
    return WordTokenizer(tokenizer_file, max_length=12), load_tokenizer(tokenizer_file)


@settings(deadline=None)
@given(rows=st.lists(WORDS, max_size=4))
def test_words_once_each_are_as_in_their_sentence(
    rows: list[list[str]], ours_and_library: tuple[WordTokenizer, Any]
) -> None:
    ours, library = ours_and_library
    head, tail = ours.specials
    for row, item in zip(rows, ours(rows), strict=True):
        whole = library.encode(row, is_pretokenized=True, add_special_tokens=False)
        owners = whole.word_ids[: ours.room]
        assert item.ids[head : len(item.ids) - tail].tolist() == whole.ids[: ours.room]
        assert item.word_of_subword.tolist() == owners
        assert item.truncated_words == len(set(whole.word_ids[ours.room :]) - set(owners))


def test_what_does_not_fit_is_cut_and_recorded(words: WordTokenizer) -> None:
    sentence = ["Marta"] * 40
    (item,) = words([sentence])
    assert len(item.ids) == 16
    assert item.ids[-1] == words.token_id("</s>")
    assert item.words == 40
    assert item.truncated_words == 40 - (int(item.word_of_subword[-1]) + 1)


def test_words_without_subwords_and_empty_sentences_are_legal(words: WordTokenizer) -> None:
    gap, empty = words([["Ana", "", "Köln"], []])
    assert set(gap.word_of_subword.tolist()) == {0, 2}
    assert gap.words == 3
    assert gap.truncated_words == 0
    assert len(empty.word_of_subword) == 0
    assert len(empty.ids) == sum(words.specials)


def test_text_comes_back_from_its_pieces(m2m100: Path) -> None:
    tokenizer = TextTokenizer(m2m100 / "tokenizer.json")
    text = "Marta Oliveira vive en Lisboa ."
    assert tokenizer.text(tokenizer.pieces([text])[0]) == text
    assert tokenizer.pieces([""]) == [[]]


def test_a_length_without_room_is_refused(xlm_roberta: Path) -> None:
    with pytest.raises(ArchitectureError, match="maximum length 2 leaves no room"):
        WordTokenizer(xlm_roberta / "tokenizer.json", max_length=2)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere\.json"):
        TextTokenizer(tmp_path / "nowhere.json")


@pytest.fixture(scope="module")
def mini() -> WordTokenizer:
    return WordTokenizer(Path(spanport_models.__file__).parent / "mini" / "encoder" / "tokenizer.json", 512)


UNSPACED = [
    ["東京", "都", "に", "住む", "田中", "さん", "。"],
    ["王", "小明", "昨天", "去", "了", "北京", "。"],
    ["สมชาย", "อยู่", "ที่", "กรุงเทพ"],
    ["Ana", "Ruiz", "在", "2024", "年"],
]


@pytest.mark.parametrize("words", UNSPACED)
def test_running_text_has_the_subwords_of_the_text_where_they_begin(words: list[str], mini: WordTokenizer) -> None:
    (item,) = mini.running([words])
    text = "".join(words).replace("AnaRuiz", "Ana Ruiz")
    whole = mini._tokenizer.encode(text, add_special_tokens=False)
    head, tail = mini.specials
    assert item.ids[head : len(item.ids) - tail].tolist() == whole.ids
    owner_of_letter = [i for i, word in enumerate(words) for _ in word]
    if " " in text:
        owner_of_letter.insert(text.index(" "), 1)
    begins = [owner_of_letter[begin] for begin, _ in whole.offsets]
    expected = [(owner, piece) for piece, owner in enumerate(begins)]
    lonely = set(range(len(words))) - set(begins)
    expected += [(word, max(piece for piece, owner in enumerate(begins) if owner < word)) for word in lonely]
    assert item.subwords is not None
    assert list(zip(item.word_of_subword.tolist(), item.subwords.tolist(), strict=True)) == sorted(expected)
    assert (item.words, item.truncated_words) == (len(words), 0)


def test_running_text_that_does_not_fit_is_cut_and_recorded(tokenizer_file: Path) -> None:
    tokenizer = WordTokenizer(tokenizer_file, max_length=12)
    item, empty = tokenizer.running([["東", "京"] * 30, []])
    assert len(item.ids) <= 12
    assert item.subwords is not None
    assert int(item.subwords.max()) < tokenizer.room
    assert item.truncated_words == 60 - len(set(item.word_of_subword.tolist()))
    assert (len(empty.word_of_subword), empty.words) == (0, 0)
