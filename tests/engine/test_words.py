from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from spanport.errors import EncodingError, LanguageError
from spanport.types import Sentence
from spanport.words import (
    CLITIC,
    COMPOUND,
    ELIDED,
    INITIALS,
    NUMBER,
    REST,
    TIBETAN,
    split_words,
    with_words,
)  # fmt: skip


def words(text: str, language: str = "") -> list[str]:
    return [text[start:end] for start, end in split_words(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Ana Ruiz's dog, O'Neil's.", "en", ["Ana", "Ruiz", "'s", "dog", ",", "O'Neil", "'s", "."]),
        ("She doesn't; they’ll.", "en", ["She", "doesn't", ";", "they", "’ll", "."]),
        ("L'Italia e dell’Unione", "it", ["L'", "Italia", "e", "dell’", "Unione"]),
        ("d'Artagnan et Jean-Luc", "fra_Latn", ["d'", "Artagnan", "et", "Jean-Luc"]),
        ("3.5 1,000 12:30 1996-08-22 5%.", "", ["3.5", "1,000", "12:30", "1996-08-22", "5", "%", "."]),
        ("12-jährige B52 z.B. U.S. Army...", "de", ["12-jährige", "B52", "z.B.", "U.S.", "Army", "..."]),
        ("(«Ojalá», dijo)", "es", ["(", "«", "Ojalá", "»", ",", "dijo", ")"]),
        ("我住在ABC公司。", "zh", ["我", "住", "在", "ABC", "公", "司", "。"]),
        ("東京タワー2本", "ja", ["東", "京", "タ", "ワ", "ー", "2", "本"]),
        ("ที่ Bangkok", "th", ["ที่", "Bangkok"]),
        ("မြန်မာ", "my", ["မြ", "န်", "မာ"]),
        ("བོད་ལྗོངས་ལ།", "bo", ["བོད", "ལྗོངས", "ལ", "།"]),
        ("서울에서 산다", "ko", ["서울에서", "산다"]),
        ("नई दिल्ली में।", "hi", ["नई", "दिल्ली", "में", "।"]),
        ("في القاهرة، مصر", "ar", ["في", "القاهرة", "،", "مصر"]),
        ("می\u200cخواهم", "fa", ["می\u200cخواهم"]),
        ("ba'a ƙasar 'yan", "ha", ["ba'a", "ƙasar", "'", "yan"]),
        ("👨‍👩‍👧🇪🇸👍🏽!", "", ["👨‍👩‍👧", "🇪🇸", "👍🏽", "!"]),
        ("e\u0301té 𝔘𝔫𝔦\u0301", "", ["e\u0301té", "𝔘𝔫𝔦\u0301"]),
        ("", "", []),
        (" \t\u00a0\u3000\u200b", "", []),
    ],
)
def test_examples(text: str, language: str, expected: list[str]) -> None:
    assert words(text, language) == expected


def test_offsets_count_code_points() -> None:
    assert split_words("😀 Ana") == ((0, 1), (2, 5))


@given(st.text(), st.sampled_from(["", "en", "it", "zh"]))
@example("a\u0301\u0301b \u0301", "")
def test_ranges_are_ascending_disjoint_and_miss_only_blanks(text: str, language: str) -> None:
    ranges = split_words(text, language)
    at = 0
    for start, end in ranges:
        assert at <= start < end
        assert all(c.isspace() or not c.isprintable() or c in "་༌" for c in text[at:start]), text[at:start]
        at = end
    assert at <= len(text)


@given(st.text(alphabet="aé日ก1", min_size=1, max_size=4), st.sampled_from(["\u0301", "\u0e34", "\u103b", "\ufe0f"]))
def test_a_mark_stays_with_its_base(base: str, mark: str) -> None:
    text = base + mark
    assert split_words(text)[-1][1] == len(text)
    assert split_words(text)[-1][0] < len(text) - 1


def test_a_hundred_thousand_characters() -> None:
    assert len(split_words("a" * 100_000)) == 1
    assert len(split_words("-" * 100_000)) == 100_000
    assert len(split_words("ab " * 33_333)) == 33_333


def test_with_words_keeps_given_words() -> None:
    given_words = Sentence("New York", words=((0, 8),), tokenized=True)
    assert with_words(given_words) is given_words
    assert with_words(Sentence("New York")).words == ((0, 3), (4, 8))
    assert with_words(Sentence("L'Aquila", "ita_Latn")).words == ((0, 2), (2, 8))


def test_errors() -> None:
    with pytest.raises(LanguageError, match="klingon"):
        split_words("a", "klingon")
    with pytest.raises(EncodingError, match="lone surrogate at character 5"):
        split_words("Ana a\ud800")


def test_the_library_is_imported_when_needed() -> None:
    code = "import sys, spanport.words; sys.exit('tokenizers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text(alphabet="aB1é日ก .,'’-·/\u0301\u200d\u00a0\tsS😀🇪", max_size=30), st.sampled_from([False, True]))
@example("Ana's 's 1 000,5 -5 l' Italia", True)
@example("U. S. z. B. \u0301a 👨‍👩‍👧 🇪 🇸", False)
def test_what_stands_between_spaces_is_split_by_itself(text: str, elides: bool) -> None:
    """As one pattern over the whole text has it."""
    word = ELIDED if elides else COMPOUND
    whole = Split(Regex("|".join([NUMBER, INITIALS, CLITIC, word, TIBETAN, REST])), "removed", invert=True)
    assert split_words(text, "it" if elides else "") == tuple(bounds for _, bounds in whole.pre_tokenize_str(text))
