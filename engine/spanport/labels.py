"""The one reading of tags: IOB1, IOB2, BIOES and BILOU to entities, and entities back to IOB2.

One automaton reads all four, so nothing has to be guessed from a sample: ``B-``, ``S-`` and ``U-`` open;
``I-``, ``E-`` and ``L-`` go on with an open entity of their type and open one otherwise; ``E-``, ``L-``, ``S-``
and ``U-`` close. It is the grouping of conlleval and of seqeval's default mode.

`spans_of_labels` runs it over the tags of one sentence; `spanport_kernels.label_codes` runs it over batches, for
classifiers and for the bulk path, on the codes that `tag_code` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spanport.errors import LabelSchemeError

WordSpan = tuple[int, int, str]
"""First word, last word + 1, type."""

OUTSIDE = -1
CONTINUES, OPENS, CLOSES = 0, 1, 2
"""What a tag does, as bits; the numbers are those of `spanport_kernels.label_codes`."""

PREFIXES = {"I": CONTINUES, "B": OPENS, "E": CLOSES, "L": CLOSES, "S": OPENS | CLOSES, "U": OPENS | CLOSES}


def spans_of_labels(labels: Sequence[str]) -> list[WordSpan]:
    """The entities of a label sequence, in order.

    Raises:
        LabelSchemeError: a label is neither ``O`` nor a known prefix, a hyphen and a type.
    """
    spans: list[WordSpan] = []
    start, kind = -1, ""
    for i, label in enumerate(labels):
        if label == "O":
            does, here = CONTINUES, ""
        elif is_label(label):
            does, here = PREFIXES[label[0]], label[2:]
        else:
            raise _unknown(label, f"of word {i}")
        if start >= 0 and (here != kind or does & OPENS):
            spans.append((start, i, kind))
            start = -1
        if here:
            if start < 0:
                start, kind = i, here
            if does & CLOSES:
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


def types_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The entity types of a tag set, in the order of their first tags."""
    return tuple(dict.fromkeys(tag[2:] for tag in tags if tag != "O"))


def tag_code(tag: str, types: Sequence[str]) -> int:
    """`OUTSIDE`, or ``type << 2 | what the tag does``, where types are numbered as in ``types``.

    Raises:
        LabelSchemeError: the tag follows none of the four schemes.
    """
    if tag == "O":
        return OUTSIDE
    if not is_label(tag):
        raise _unknown(tag, "of the tag set")
    return types.index(tag[2:]) << 2 | PREFIXES[tag[0]]


def _unknown(label: str, where: str) -> LabelSchemeError:
    return LabelSchemeError(
        f"label {label!r} {where} follows none of IOB1, IOB2, BIOES, BILOU; expected O, or one of "
        "B- I- E- S- L- U- followed by a type, such as B-PER"
    )
