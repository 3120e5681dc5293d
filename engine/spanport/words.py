"""Words of raw text, as character ranges of the original.

One pattern serves every language, run by the `tokenizers` library (Oniguruma, full Unicode):

* numbers stay whole with their separators (``3.5``, ``1,000``, ``12:30``, ``1996-08-22``);
* initials stay whole (``U.S.``, ``z.B.``);
* letters with their combining marks, hyphenated compounds included (``Schleswig-Holstein``), and apostrophes
  inside a word (``O'Neil``), except that an English genitive or clitic is a word of its own (``Ana`` ``'s``) and
  that Romance elisions end at the apostrophe (``l'`` ``Italia``);
* scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) give one word per character with its
  marks; Tibetan gives one word per syllable;
* everything else is one word per grapheme cluster, so that no mark and no emoji sequence is cut.

Whitespace, control and format characters, and the Tibetan syllable mark belong to no word (joiners inside a
word stay in it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import msgspec

from spanport.errors import EncodingError
from spanport.languages import resolve
from spanport.types import Sentence

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
TIBETAN = r"[\u0F00\u0F18-\u0F39\u0F3E-\u0FBC]+"
LETTER = rf"[\p{{M}}_\u200C\u200D\u00AD[[\p{{L}}\p{{N}}]&&[^{UNSPACED}\p{{Tibetan}}]]]"
HYPHEN = r"[\-‐‑]"
APOSTROPHE = "['’]"
CLITIC = rf"(?<={LETTER}){APOSTROPHE}(?i:s|re|ve|ll|d|m)(?!{LETTER})"
NUMBER = rf"(?>\p{{Nd}}+(?:[.,:/\-]\p{{Nd}}+)*)(?!{HYPHEN}?{LETTER})"
INITIALS = r"(?:\p{L}\p{M}*\.){2,}"
COMPOUND = rf"{LETTER}+(?:(?!{CLITIC})['’ʼ·\-‐‑]{LETTER}+)*"
ELIDED = rf"{LETTER}+(?:[·\-‐‑]{LETTER}+)*(?:{APOSTROPHE}(?={LETTER}))?"
REST = r"\.{2,}|(?![\s\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}་༌])\X\p{M}*"

ELIDING = frozenset({"ita", "fra", "cat", "oci", "fur", "lij", "lmo", "scn", "srd", "vec"})
"""Languages (ISO 639-3) whose articles and prepositions elide before a vowel."""

REMEMBERED, SHORT = 1 << 14, 24
"""So many chunks of text between spaces, of so many characters at most, are split only once."""


def split_words(text: str, language: str = "") -> tuple[tuple[int, int], ...]:
    """Half-open character ranges of the words of a text, ascending and disjoint.

    Args:
        text: any text; offsets count its code points.
        language: a language code (see `spanport.languages.resolve`), or "" when unknown.

    Raises:
        LanguageError: the language is unknown.
        EncodingError: the text holds half of a surrogate pair, which is no character.
    """
    split = _splitter(_elides(language))
    found: list[tuple[int, int]] = []
    at = 0
    try:
        for chunk in text.split(" "):  # no word crosses a space, and none depends on what is beyond it
            if chunk.isascii() and chunk.isalpha():
                found.append((at, at + len(chunk)))
            else:
                found += [(at + start, at + end) for start, end in split(chunk)]
            at += len(chunk) + 1
    except UnicodeEncodeError as error:
        raise EncodingError(
            f"the text holds a lone surrogate at character {at + error.start}; decode it as UTF-8 or UTF-16 first",
            record=ascii(text),
        ) from None
    return tuple(found)


def with_words(sentence: Sentence) -> Sentence:
    """The sentence with its words; one that came with words, or has them already, is returned as it is."""
    if sentence.tokenized or sentence.words or not sentence.text:
        return sentence
    return msgspec.structs.replace(sentence, words=split_words(sentence.text, sentence.language))


@cache
def _elides(language: str) -> bool:
    return bool(language) and resolve(language)[:3] in ELIDING


@cache
def _splitter(elides: bool) -> Callable[[str], Sequence[tuple[int, int]]]:
    """The ranges of the words of what stands between two spaces; short ones are remembered."""
    from tokenizers import Regex, pre_tokenizers

    word = ELIDED if elides else COMPOUND
    pattern = "|".join([NUMBER, INITIALS, CLITIC, word, TIBETAN, REST])
    splitter = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)

    def split(chunk: str) -> Sequence[tuple[int, int]]:
        return tuple([bounds for _, bounds in splitter.pre_tokenize_str(chunk)])

    remembering = lru_cache(REMEMBERED)(split)
    return lambda chunk: remembering(chunk) if len(chunk) <= SHORT else split(chunk)
