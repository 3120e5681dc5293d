"""IOB2 labels of words, and two that are none."""

from collections.abc import Sequence

IGNORED = "?"
"""Label of words that training leaves out."""
NOT_NAMED = "O/MISC"
"""Label of words outside entities in a set that has no MISC: they are O or MISC."""


def spans(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Entities `(start, end, type)` of IOB2 labels, half-open."""
    found: list[tuple[int, int, str]] = []
    start = -1
    for index, label in enumerate([*labels, "O"]):
        if start >= 0 and not (label.startswith("I-") and label[2:] == labels[start][2:]):
            found.append((start, index, labels[start][2:]))
            start = -1
        if label.startswith("B-") or (label.startswith("I-") and start < 0):
            start = index
    return found


def entity_texts(words: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The entities of a sentence, their words joined by spaces."""
    return [" ".join(words[start:end]) for start, end, _ in spans(labels)]
