"""Slow, obvious twins of the kernels that write words out as text."""

from __future__ import annotations


def joined(sentences: list[list[str]]) -> tuple[bytes, list[int], list[int], list[int]]:
    """The texts after one another, where each begins, the byte where each word begins, and its character."""
    text, offsets, places, characters = b"", [0], list[int](), list[int]()
    for words in sentences:
        for i in range(len(words)):
            before = " ".join([*words[:i], ""])
            places.append(len(text) + len(before.encode()))
            characters.append(len(before))
        text += " ".join(words).encode()
        offsets.append(len(text))
    return text, offsets, places, characters
