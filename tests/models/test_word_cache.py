"""What is remembered of words equals what is computed, however many are remembered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spanport_models.word_cache import WordCache


def letters(words: list[str]) -> tuple[list[int], list[int]]:
    return [ord(letter) for word in words for letter in word], [len(word) for word in words]


@settings(deadline=None)
@given(
    batches=st.lists(st.lists(st.text("abc", max_size=4), max_size=12), min_size=1, max_size=6),
    limit=st.integers(0, 8),
)
def test_values_are_those_of_each_word(batches: list[list[str]], limit: int) -> None:
    asked: list[str] = []

    def compute(words: list[str]) -> tuple[list[int], list[int]]:
        asked.extend(words)
        return letters(words)

    cache = WordCache(compute, "int32", limit)
    for words in batches:
        before = len(asked)
        values, offsets = cache(words)
        assert values.tolist() == letters(words)[0]
        assert offsets.tolist() == [sum(map(len, words[:i])) for i in range(len(words) + 1)]
        assert len(asked) - before <= len(set(words))
        assert len(cache) <= max(limit, max(len(set(seen)) for seen in batches))


def test_a_word_is_computed_once_while_there_is_room() -> None:
    asked: list[str] = []

    def compute(words: list[str]) -> tuple[list[int], list[int]]:
        asked.extend(words)
        return letters(words)

    cache = WordCache(compute, "int32", 2)
    for words in (["a", "b", "a"], ["b", "a"], ["c"], ["c", "a"]):
        cache(words)
    assert asked == ["a", "b", "c", "a"]
