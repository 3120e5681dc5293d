"""Upper bounds of the two halves of the NMT score, from forced translations that many candidates share.

None is a true bound but where that is said: they are estimates with a slack. The slacks are about the largest
violation among all (entity, n-gram) pairs whose score is at least .1: of the first half, those of 109 Europarl
sentences (55 Spanish, 54 German) under a half-trained miniature, which finds a phrase likelier from another than from
itself more often than good translators do; of what has to do with b's own tokens, the 1,400 of 69 such sentences. The
largest violations are given with each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from spanport.ports import BoolArray, Int64

Float64 = npt.NDArray[np.float64]

FORWARD_SLACK = 2.1
"""By how much a phrase may make the entity likelier than the phrase's words and pairs of words do, token by token,
with `LONGER` (seen: 1.96)."""

LONGER = 0.9
"""What each word that a phrase has more than the entity makes of `FORWARD_SLACK`: what else it says makes the end of
the entity less likely (seen, of what words and pairs give: 1.57 with one more, .9 with 5 or 6, .62 with 7 or 8)."""

PAIR_SLACK = 5.0
"""By how much two words may make an entity of several words likelier than each alone does (seen: 4.64)."""

PAIR_FROM = 0.02
"""Two words are forced together where their bound from each alone, without slack, is above this."""

BACKWARD_SLACK = 2.5
"""By how much s(b|a) / s(b|b) may exceed what b's tokens in a longer phrase give for it (seen: 2.41)."""

SPLIT_SLACK = 3.0
"""The same where b is put together from several phrases (seen: 3.97, where the other half's slack left room
enough, and 2.1 where the score is .3 or more)."""

SELF_SLACK = 3.5
"""By how much s(b|b), b of two words or more, may fall short of what those phrases give for it (seen: 5.8, and 2.3
where the score is .3 or more)."""

JOINT_SLACK = 2.0
"""By how much both halves together may exceed the sum of their estimates (seen: 1.86)."""

SPLIT_JOINT_SLACK = 2.5
"""The same where b is put together from several phrases (seen: 2.44)."""

MOST_BACKWARD = 1.35
"""The most that s(b|a) / s(b|b) is taken to be before anything is known of it (seen, beyond what the slack of the
other half leaves room for: 1.28)."""


_UNKNOWN = (np.inf, -np.inf, 0)


def word_bounds(tokens: Mapping[int, Float64], itself: Float64, width: int) -> Float64:
    """Log-probabilities of the entity's tokens given each word, float64 (width, T); -inf where none was forced."""
    best = np.full((width, len(itself)), -np.inf)
    for i, values in tokens.items():
        best[i] = values
    return best


def worthwhile_pairs(best: Float64, itself: Float64) -> Int64:
    """Words that are forced together with the next, given `word_bounds`."""
    both = np.maximum(best[:-1], best[1:]).mean(axis=1)
    return np.flatnonzero(2.0 ** (both - itself.mean()) > PAIR_FROM)


def forward_bounds(
    best: Float64, pairs: Mapping[int, Float64], itself: Float64, start: Int64, end: Int64, words: int
) -> tuple[Float64, Float64, BoolArray]:
    """Estimates and bounds of s(a|b) / s(a|a) for the phrases [start, end), and whether they are the value itself.

    best: see `word_bounds`; pairs: the same for pairs of words, by the first; words: how many the entity has.
    """
    sizes = end - start
    estimate, slack, known = np.zeros(len(start)), np.ones(len(start)), sizes == 1
    for size in range(1, int(sizes.max(initial=0)) + 1):
        here = np.flatnonzero(sizes == size)
        best = np.maximum(best[:-1], best[1:]) if size > 1 else best
        ratio = 2.0 ** (best[start[here]].mean(axis=1) - itself.mean())
        if size == 1:
            estimate[here] = ratio
            continue
        extra = size - words
        estimate[here] = np.minimum(1.0, ratio) * LONGER ** max(0, extra)
        slack[here] = PAIR_SLACK if size == 2 and words > 1 else FORWARD_SLACK
        if size == 2:
            for cell in here.tolist():
                if (values := pairs.get(int(start[cell]))) is not None:
                    estimate[cell], slack[cell], known[cell] = 2.0 ** (values.mean() - itself.mean()), 1.0, True
            for i, values in pairs.items():
                best[i] = np.maximum(best[i], values)
    return estimate, estimate * slack, known


def totals(
    given: Sequence[Float64], itself: Sequence[Float64], sizes: Sequence[Sequence[int]]
) -> tuple[Float64, Float64, Int64]:
    """Log-probabilities of phrases of 1, 2, ... words given a and given themselves, and their numbers of tokens.

    given, itself: running sums of log-probabilities of the window that begins the phrases, and of those that end with
    one word more each; sizes: of the first the tokens of its first word, its first two, ..., of the others those
    without the last word and with it; -1 where these do not lead its tokens: the sums are then infinite and minus
    infinite.
    """
    rows = [(float(given[0][n]), float(itself[0][n]), n) if n >= 0 else _UNKNOWN for n in sizes[0]]
    for from_a, from_itself, (before, n) in zip(given[1:], itself[1:], sizes[1:], strict=True):
        a, b, count = rows[-1]
        more = float(from_a[n] - from_a[before]), float(from_itself[n] - from_itself[before])
        rows.append((a + more[0], b + more[1], count + n - before) if before >= 0 and n >= 0 else _UNKNOWN)
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
