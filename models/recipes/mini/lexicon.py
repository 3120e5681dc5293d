"""Builds the alignment lexicon: how often words and their prefixes are linked in the aligned training text."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mini.sources import Pair
from spanport_models.lexicon import hash_pairs, prefix

MINIMUM = 0.05


def _scores(links: Counter[tuple[str, str]], left: Counter[str], right: Counter[str]) -> dict[tuple[str, str], float]:
    """Square root of the Dice coefficient of link counts, discounted by half a count for rare pairs."""
    return {(a, b): float(np.sqrt(2 * (count - 0.5) / (left[a] + right[b]))) for (a, b), count in links.items()}


def build(pairs: Iterable[Pair]) -> dict[str, dict[tuple[str, str], float]]:
    """Scores in (0, 1] of `(English, other)` lower-cased words and of five-character prefixes marked `*`."""
    links: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    left: dict[str, Counter[str]] = defaultdict(Counter)
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        for i, j in pair.links:
            word, other = pair.words[0][i].lower(), pair.words[1][j].lower()
            forms = [(word, other)]
            if prefix(word) and prefix(other):
                forms.append((prefix(word), prefix(other)))
            for a, b in forms:
                links[pair.language][a, b] += 1
                left[pair.language][a] += 1
                right[pair.language][b] += 1
    return {language: _scores(links[language], left[language], right[language]) for language in sorted(links)}


def write(scores: dict[str, dict[tuple[str, str], float]], path: Path) -> int:
    """Write the entries of at least `MINIMUM` and not identical forms as `lexicon.npz`; return their number."""
    keys: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []
    values: list[float] = []
    for language, entries in scores.items():
        kept = {pair: score for pair, score in entries.items() if score >= MINIMUM and pair[0] != pair[1]}
        keys.append(hash_pairs(language, [a for a, _ in kept], [b for _, b in kept]))
        values += kept.values()
    joined = np.concatenate(keys)
    order = np.argsort(joined)
    quantised = np.clip(np.round(np.asarray(values) * 255), 1, 255).astype(np.uint8)
    np.savez_compressed(path, keys=joined[order], scores=quantised[order])
    return len(joined)
