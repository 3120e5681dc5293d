"""What flows (outcomes), and what it flows through (stages)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from spanport.errors import SpanportError, UsageError

Run = Callable[[Sequence[Any]], Sequence[Any]]
"""A list of items to as many results, in order."""


def _one(_: Any) -> int:
    return 1


def nothing(*_: object) -> None:
    """What is done where there is nothing to do."""


class Done(msgspec.Struct, frozen=True):
    """A record that went through every stage: what came out, and the record as it came in."""

    value: Any
    record: Any = None


class Failed(msgspec.Struct, frozen=True):
    """A record that a stage (or the reader, ``stage`` = "read") could not process; later stages pass it on."""

    record: Any
    error: Exception
    stage: str = "read"


Outcome = Done | Failed


@dataclass
class Stage:
    """A function over batches and how its batches are formed.

    ``run`` may be called from ``workers`` threads at once; where it is None, ``make`` gets it ready, with its model,
    when `load` is called, and raises what stands in the way.
    ``cost`` is an item's length (tokens); a batch holds at most ``max_items`` items and at most ``budget`` of
    *padded* cost (longest item x items), unless a single item costs more; those of an ``even`` stage are as
    `spanport_models.batching.even_batches` makes them. Items of one ``key`` are computed
    once inside a look-ahead, and across look-aheads where a cache is asked for; ``merge(item, result)``, where it is
    given, makes each record's value of what is its own and what it shares. For the statistics alone: whether ``run``
    ``pads`` its items to the longest, or, where it batches anew, what a batch has ``spent`` without and with padding.
    Neighbours of the same ``part`` share a model. A stage that ``computes`` keeps a core busy with a batch: no more
    of these run at once than there are cores, whatever their stages.
    """

    name: str
    run: Run | None
    cost: Callable[[Any], int] = _one
    budget: int = 2048
    max_items: int = 512
    workers: int = 1
    key: Callable[[Any], Hashable] | None = None
    merge: Callable[[Any, Any], Any] | None = None
    pads: bool = True
    spent: Callable[[Sequence[Any]], tuple[int, int]] | None = None
    part: str = ""
    computes: bool = False
    even: bool = False
    make: Callable[[], Run] | None = None

    def load(self) -> None:
        """Get ready to run."""
        if self.run is None and self.make:
            self.run = self.make()

    def free(self) -> None:
        """Let what was made go; `load` makes it again."""
        if self.make:
            self.run = None


class Problem:
    """Stands where a result should be: the item's error."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Fatal:
    """Stands where a result should be: an error that ends the run when its turn comes."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def is_unexpected(error: BaseException) -> bool:
    """Whether a record's error is more likely a mistake in a stage than one of the record."""
    return not isinstance(error, SpanportError | MemoryError)


def check(stages: Sequence[Stage]) -> None:
    """Raise UsageError where stages do not make a pipeline, or have a budget, item or worker count below 1."""
    names = [stage.name for stage in stages]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"stages {names}: at least one stage is needed, and each name only once")
    for stage in stages:
        for field in ("budget", "max_items", "workers"):
            if (value := getattr(stage, field)) < 1:
                raise UsageError(f"stage {stage.name}: {field} is {value}; it must be at least 1")
