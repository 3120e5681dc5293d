"""Augmentation: name swap across both sides of a pair, from the names of the training labels."""

import random
from collections import defaultdict
from collections.abc import Iterable

from mini.labels import IGNORED, spans
from mini.sources import Pair

_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvwz"


def _misspell(word: str, generator: random.Random) -> str:
    """Change one or two inner letters, vowel for vowel, so that names stay pronounceable."""
    letters = list(word)
    for _ in range(generator.randint(1, 2)):
        index = generator.randrange(1, len(letters))
        pool = _VOWELS if letters[index].lower() in _VOWELS else _CONSONANTS
        if letters[index].isalpha():
            new = generator.choice(pool)
            letters[index] = new.upper() if letters[index].isupper() else new
    return "".join(letters)


class NameSwap:
    """Replaces entities whose surface is the same on both sides by another name of their type, on both sides."""

    def __init__(self, pairs: Iterable[Pair], generator: random.Random) -> None:
        self.generator = generator
        self.names: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self.first: list[str] = []
        self.last: list[str] = []
        for pair in pairs:
            for start, end, kind in spans(pair.labels[0]):
                name = tuple(pair.words[0][start:end])
                self.names[kind].append(name)
                if kind == "PER" and len(name) == 2:
                    self.first.append(name[0])
                    self.last.append(name[1])

    def draw(self, kind: str) -> list[str]:
        """A name of this type; a third of the person names have letters changed, most are recombined."""
        if kind == "PER" and self.first and self.generator.random() < 0.8:
            name = [self.generator.choice(self.first), self.generator.choice(self.last)]
            name = name if self.generator.random() < 0.75 else name[1:]
        else:
            name = list(self.generator.choice(self.names[kind]))
        if self.generator.random() < (0.34 if kind == "PER" else 0.12):
            name = [_misspell(word, self.generator) if word.isalpha() and len(word) > 2 else word for word in name]
        return name

    def __call__(self, pair: Pair, rate: float) -> Pair:
        """The pair with each shared name replaced with probability `rate`; links follow their words."""
        if not pair.labels[0] or not pair.labels[1] or IGNORED in pair.labels[1]:
            return pair
        english, other = pair.words
        there = {tuple(other[s:e]): (s, e) for s, e, kind in spans(pair.labels[1]) if kind != "MISC"}
        swaps: list[tuple[int, int, int, int, str, list[str]]] = []
        for start, end, kind in spans(pair.labels[0]):
            place = there.pop(tuple(english[start:end]), None)
            if place and self.generator.random() < rate:
                swaps.append((start, end, *place, kind, self.draw(kind)))
        if not swaps:
            return pair
        left = [(s, e, kind, name) for s, e, _, _, kind, name in swaps]
        right = [(s, e, kind, name) for _, _, s, e, kind, name in swaps]
        en_words, en_labels, en_map = _replace(english, pair.labels[0], left)
        xx_words, xx_labels, xx_map = _replace(other, pair.labels[1], right)
        inner = {i for s, e, *_ in swaps for i in range(s, e)}
        links = [(en_map[i], xx_map[j]) for i, j in pair.links if i not in inner and i in en_map and j in xx_map]
        if pair.links:
            links += [(en_map[s] + k, xx_map[t] + k) for s, _, t, _, _, name in swaps for k in range(len(name))]
        return Pair(
            pair.language, pair.origin, pair.weight, (en_words, xx_words), (en_labels, xx_labels), links, pair.texts
        )


def _replace(
    words: list[str], labels: list[str], swaps: list[tuple[int, int, str, list[str]]]
) -> tuple[list[str], list[str], dict[int, int]]:
    """Words and labels with the swaps made, and where each kept word (and each swap's first) went."""
    new_words: list[str] = []
    new_labels: list[str] = []
    places: dict[int, int] = {}
    index = 0
    for start, end, kind, name in [*sorted(swaps), (len(words), len(words), "", [])]:
        for kept in range(index, start):
            places[kept] = len(new_words)
            new_words.append(words[kept])
            new_labels.append(labels[kept])
        if name:
            places[start] = len(new_words)
        new_words += name
        new_labels += [f"{'I' if k else 'B'}-{kind}" for k in range(len(name))]
        index = end
    return new_words, new_labels, places
