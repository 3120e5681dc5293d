"""Label schemes: IOB1, IOB2, BIOES and BILOU to spans of words, and back to IOB2.

One automaton reads all four, so nothing has to be guessed from a sample: ``B-``, ``S-`` and ``U-`` open;
``I-``, ``E-`` and ``L-`` go on with an open entity of their type and open one otherwise; ``E-``, ``L-``, ``S-``
and ``U-`` close. It is the grouping of conlleval and of seqeval's default mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spanport.errors import LabelSchemeError

WordSpan = tuple[int, int, str]
"""First word, last word + 1, type."""

OPENS = frozenset("BSU")
CLOSES = frozenset("ESLU")
PREFIXES = frozenset("BIESLU")


def spans_of_labels(labels: Sequence[str]) -> list[WordSpan]:
    """The entities of a label sequence, in order.

    Raises:
        LabelSchemeError: a label is neither ``O`` nor a known prefix, a hyphen and a type.
    """
    spans: list[WordSpan] = []
    start, kind = -1, ""
    for i, label in enumerate(labels):
        if label == "O":
            prefix, here = "O", ""
        else:
            prefix, here = _split(label, i)
        if start >= 0 and (here != kind or prefix in OPENS):
            spans.append((start, i, kind))
            start = -1
        if here:
            if start < 0:
                start, kind = i, here
            if prefix in CLOSES:
                spans.append((start, i + 1, kind))
                start = -1
    if start >= 0:
        spans.append((start, len(labels), kind))
    return spans


def iob2(n_words: int, spans: Iterable[WordSpan]) -> list[str]:
    """IOB2 labels of word spans. Where spans share a word the earlier one keeps it."""
    labels = ["O"] * n_words
    for start, end, kind in spans:
        prefix = "B-"
        for i in range(start, end):
            if labels[i] == "O":
                labels[i] = prefix + kind
                prefix = "I-"
    return labels


def is_label(label: str) -> bool:
    """Whether `label` belongs to one of the four schemes."""
    return label == "O" or (len(label) > 2 and label[1] == "-" and label[0] in PREFIXES)


def _split(label: str, word: int) -> tuple[str, str]:
    if not is_label(label):
        raise LabelSchemeError(
            f"label {label!r} of word {word} follows none of IOB1, IOB2, BIOES, BILOU; expected O, or one of "
            "B- I- E- S- L- U- followed by a type, such as B-PER"
        )
    return label[0], label[2:]
