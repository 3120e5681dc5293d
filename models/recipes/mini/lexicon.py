"""Builds the alignment lexicon: how often words and their prefixes are linked in the aligned training text."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mini.sources import Pair
from spanport_models.training.lexicon import Linked, Scores, count_lexicon, write_lexicon


def build(pairs: Iterable[Pair]) -> dict[str, Scores]:
    """By language scores in (0, 1] of `(English, other)` words and prefixes; see `count_lexicon`."""
    by_language: dict[str, list[Linked]] = defaultdict(list)
    for pair in pairs:
        by_language[pair.language].append((*pair.words, pair.links))
    return {language: count_lexicon(by_language[language]) for language in sorted(by_language)}


def write(scores: dict[str, Scores], path: Path) -> int:
    """Write the entries worth keeping as `lexicon.npz`; return their number."""
    return write_lexicon(scores, path)
