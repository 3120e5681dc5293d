"""Words to subword ids, cached, with subword sampling."""

import random
from bisect import bisect_left, bisect_right
from itertools import accumulate

from tokenizers import Tokenizer

from spanport.words import split_words


class Pieces:
    """Subword ids of words and of text under one tokenizer, without special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._words: dict[str, list[int]] = {}

    def word(self, word: str) -> list[int]:
        """Ids of one word, at least one (unknown when normalisation leaves nothing)."""
        ids = self._words.get(word)
        if ids is None:
            ids = self.tokenizer.encode([word], is_pretokenized=True, add_special_tokens=False).ids[:12] or [3]
            if len(self._words) < 400_000:
                self._words[word] = ids
        return ids

    def sampled(self, word: str, generator: random.Random, rate: float) -> list[int]:
        """Ids of the word, cut at a random place with probability `rate`."""
        if len(word) < 3 or not word.isalpha() or generator.random() >= rate:
            return self.word(word)
        cut = generator.randrange(1, len(word))
        rest = self.tokenizer.normalizer.normalize_str(word[cut:])
        return self.word(word[:cut]) + [token.id for token in self.tokenizer.model.tokenize(rest)]

    def text(self, text: str) -> list[int]:
        """Ids of running text."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def split(self, text: str) -> list[str]:
        """The words of raw text, as the engine splits it."""
        return [text[start:end] for start, end in split_words(text)]

    def running(self, text: str) -> tuple[list[list[int]], list[str]]:
        """Ids of running text, each a word of its own, and the pieces they stand for."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return [[piece] for piece in encoding.ids], encoding.tokens

    def running_words(self, words: list[str]) -> list[list[int]]:
        """Ids of the words written without spaces; a piece over several words belongs to the first of them."""
        ends = list(accumulate(map(len, words)))
        encoding = self.tokenizer.encode("".join(words), add_special_tokens=False)
        out: list[list[int]] = [[] for _ in words]
        for piece, (start, _) in zip(encoding.ids, encoding.offsets, strict=True):
            out[min(bisect_right(ends, start), len(words) - 1)].append(piece)
        return out

    def owned(self, text: str, ends: list[int]) -> tuple[list[int], list[int]]:
        """Ids of running text and, for each, the word it belongs to; `ends` are the words' end offsets."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [bisect_left(ends, end) for _, end in encoding.offsets]

    def sampled_text(self, text: str, generator: random.Random, rate: float) -> list[int]:
        """Ids of running text, a share `rate` of its words cut at a random place."""
        return [piece for word in text.split() for piece in self.sampled(word, generator, rate)]
