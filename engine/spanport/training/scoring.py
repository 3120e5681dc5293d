"""What a network in training makes of sentences, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from spanport.encoding.label import label_spans
from spanport.training.card import Figure, figure
from spanport.training.inputs import Set
from spanport.training.material import bare
from spanport.types import Sentence


def labelled_by(network: Any, run: Any, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences with the spans that a network finds; `run` is what it was trained in."""
    tags = network.labels
    views = run.predict(network, [bare(one, len(tags)) for one in sentences])
    return [
        replace(one, spans=label_spans(one.words, view, tags)) for one, view in zip(sentences, views, strict=True)
    ]


def scored(network: Any, run: Any, gold: Set, ignored: frozenset[str]) -> Figure:
    """Scores of a network on a gold set, labels that do not count left out of both sides."""
    return figure(gold.sentences, labelled_by(network, run, gold.sentences), ignored)
