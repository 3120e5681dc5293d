"""Words to subword ids, cached, with subword sampling."""

import random
from bisect import bisect_left

from tokenizers import Tokenizer


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

    def owned(self, text: str, ends: list[int]) -> tuple[list[int], list[int]]:
        """Ids of running text and, for each, the word it belongs to; `ends` are the words' end offsets."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [bisect_left(ends, end) for _, end in encoding.offsets]

    def sampled_text(self, text: str, generator: random.Random, rate: float) -> list[int]:
        """Ids of running text, a share `rate` of its words cut at a random place."""
        return [piece for word in text.split() for piece in self.sampled(word, generator, rate)]
