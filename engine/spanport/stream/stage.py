"""What flows (outcomes), what it flows through (stages), and one batch through one stage."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from spanport.errors import ModelError, SpanportError, StageError, UsageError

log = logging.getLogger(__name__)

_OUTSIDE = (StageError, ModelError, UsageError, OSError)
"""Errors that no record causes: rejecting every record for them would hide the cause."""


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


@dataclass(frozen=True)
class Stage:
    """A function over batches and how its batches are formed.

    ``run`` maps a list of items to as many results, in order; it may be called from ``workers`` threads at once.
    ``cost`` is an item's length (tokens); a batch holds at most ``max_items`` items and at most ``budget`` of
    *padded* cost (longest item x items), unless a single item costs more. Items of one ``key`` are computed
    once inside a look-ahead, and across look-aheads where a cache is asked for; ``merge(item, result)``, where it is
    given, makes each record's value of what is its own and what it shares. ``spent`` says what a batch of items
    costs without and with padding where ``run`` batches anew (for the statistics alone).

    Neighbours of the same ``part`` share a model: ``load`` gets it ready and raises what stands in the way, ``free``
    lets it go (where one part at a time may be in memory, they are called again and again).

    Raises UsageError for a budget, item or worker count below 1.
    """

    name: str
    run: Callable[[Sequence[Any]], Sequence[Any]]
    cost: Callable[[Any], int] = _one
    budget: int = 2048
    max_items: int = 512
    workers: int = 1
    key: Callable[[Any], Hashable] | None = None
    merge: Callable[[Any, Any], Any] | None = None
    spent: Callable[[Sequence[Any]], tuple[int, int]] | None = None
    part: str = ""
    load: Callable[[], object] = nothing
    free: Callable[[], object] = nothing

    def __post_init__(self) -> None:
        for field in ("budget", "max_items", "workers"):
            if (value := getattr(self, field)) < 1:
                raise UsageError(f"stage {self.name}: {field} is {value}; it must be at least 1")


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


def execute(stage: Stage, items: Sequence[Any]) -> tuple[list[Any], int]:
    """Results in the items' order, each a value, a `Problem` or a `Fatal`; and how many extra calls it took.

    A batch that raises is halved and tried again down to single items, which isolates a bad item and makes
    room after a MemoryError alike. An unexpected error keeps its traceback, as text, in a note.
    """
    error: Exception
    try:
        results = list(stage.run(items))
        if len(results) == len(items):
            return results, 0
        error = StageError(f"stage {stage.name} returned {len(results)} results for {len(items)} records")
    except Exception as raised:
        error = raised
    except BaseException as raised:
        return [Fatal(raised)] * len(items), 0
    if isinstance(error, _OUTSIDE):
        return [Fatal(_outside(stage, error))] * len(items), 0
    log.debug("stage %s: batch of %d failed", stage.name, len(items), exc_info=error)
    if len(items) == 1 and is_unexpected(error):
        error.add_note("".join(traceback.format_exception(error)))
    error.__traceback__ = None  # its frames hold the batch's memory
    if len(items) == 1:
        return [Problem(error)], 0
    del error
    half = len(items) // 2
    first, first_calls = execute(stage, items[:half])
    second, second_calls = execute(stage, items[half:])
    return first + second, first_calls + second_calls + 2


def _outside(stage: Stage, error: Exception) -> Exception:
    if not isinstance(error, OSError):
        return error
    failure = StageError(f"stage {stage.name}: {error}")
    failure.__cause__ = error
    return failure
