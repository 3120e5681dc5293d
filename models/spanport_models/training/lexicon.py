"""Counting an alignment lexicon: how often words and their prefixes are linked in aligned text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from spanport_models.lexicon import hash_pairs, prefix

MINIMUM = 0.05
Scores = dict[tuple[str, str], float]
Linked = tuple[Sequence[str], Sequence[str], Iterable[tuple[int, int]]]
"""English words, other words, and links between them."""


def count_lexicon(pairs: Iterable[Linked]) -> Scores:
    """Scores in (0, 1] of `(English, other)` lower-cased words and of five-character prefixes marked `*`.

    The square root of the Dice coefficient of link counts, discounted by half a count for rare pairs.
    """
    links: Counter[tuple[str, str]] = Counter()
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for english, other, own in pairs:
        for i, j in own:
            words = english[i].lower(), other[j].lower()
            short = prefix(words[0]), prefix(words[1])
            for a, b in (words, short) if all(short) else (words,):
                links[a, b] += 1
                left[a] += 1
                right[b] += 1
    return {(a, b): float(np.sqrt(2 * (count - 0.5) / (left[a] + right[b]))) for (a, b), count in links.items()}


def write_lexicon(scores: Mapping[str, Scores], path: Path) -> int:
    """Write, for each NLLB code, entries of at least `MINIMUM` and not identical forms; returns their number."""
    keys, values = [np.zeros(0, np.uint64)], list[float]()
    for language, entries in scores.items():
        kept = {pair: score for pair, score in entries.items() if score >= MINIMUM and pair[0] != pair[1]}
        keys.append(hash_pairs(language, [a for a, _ in kept], [b for _, b in kept]))
        values += kept.values()
    joined, first = np.unique(np.concatenate(keys), return_index=True)
    quantised = np.clip(np.round(np.asarray(values, np.float64) * 255), 1, 255).astype(np.uint8)
    np.savez_compressed(path, keys=joined, scores=quantised[first])
    return len(joined)
