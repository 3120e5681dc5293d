"""What flows (outcomes) and what it flows through (stages)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from spanport.errors import UsageError


def _one(_: Any) -> int:
    return 1


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

    def __post_init__(self) -> None:
        for field in ("budget", "max_items", "workers"):
            if (value := getattr(self, field)) < 1:
                raise UsageError(f"stage {self.name}: {field} is {value}; it must be at least 1")
