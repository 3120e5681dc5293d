"""What a training run is told. Imports nothing heavy, so that a command line can build it cheaply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import msgspec

from spanport_models.training.examples import Example, Float32

Progress: TypeAlias = Callable[[str], None]
Relabel: TypeAlias = Callable[[Sequence[Float32]], list[Example]]
"""A classifier's probabilities on the words of the projected sentences -> the sentences labelled anew with them."""


Above = Annotated[float, msgspec.Meta(ge=1e-6)]  # above 0 is above a denormal number, which training flushes to 0
Least = Annotated[float, msgspec.Meta(ge=0)]
Whole = Annotated[int, msgspec.Meta(ge=1)]


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How every method trains."""

    epochs: Above = 3.0
    """Passes over the data in each fit."""
    budget: Least = 0.0
    """Minutes of processor time for all fits together: fewer epochs where they would take longer, by the speed
    measured before the start; 0: no limit."""
    rate: Least = 0.0
    """Peak learning rate; 0: 5e-5 for a base 768 wide, by the square of the width more for narrower ones, and a
    quarter of that for a base that already has all labels of the tagger."""
    batch_tokens: Whole = 1024
    """Subwords of a batch, padding included."""
    longest: Annotated[int, msgspec.Meta(ge=8)] = 256
    """Subwords of a sentence; longer ones are cut in training."""
    freeze: Annotated[int, msgspec.Meta(ge=-1)] = 0
    """Layers at the bottom that stay as they are, with the embeddings; -1: everything is trained."""
    seeds: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] = (29,)
    """One tagger is trained with each; the first is kept, the others show the spread."""
    save_seconds: Least = 60.0
    """Time between checkpoints."""
    autocast: bool | None = None
    """Products in bfloat16; None: where the processor computes in it."""


class MethodOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every method takes."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a tagger is made from; the words are split, the labels are indices into `labels`.

    Attributes:
        labels: Names of the labels, in logit order.
        sources: Labelled sentences of other languages, a list for each data set.
        source_names: What these are called in reports.
        projected: Target sentences with the labels that were carried over to them.
        origins: Of each projected sentence the labelled sentence that it translates; empty where there are none.
        text: Target sentences without labels.
        relabel: Makes `projected` anew from a classifier's view of its words; None where it came with its labels.
    """

    labels: tuple[str, ...]
    sources: tuple[tuple[Example, ...], ...] = ()
    source_names: tuple[str, ...] = ()
    projected: tuple[Example, ...] = ()
    origins: tuple[Example, ...] = ()
    text: tuple[Example, ...] = ()
    relabel: Relabel | None = field(default=None, compare=False)

    @property
    def labelled(self) -> tuple[Example, ...]:
        """The sentences of all sources."""
        return tuple(example for source in self.sources for example in source)


def count_words(examples: Sequence[Example]) -> int:
    """Words of all examples together."""
    return sum(len(one.words) for one in examples)
