"""A look-ahead of records on its way through the stages."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from spanport.stream.stage import Done, Failed, Fatal, Outcome, Problem, Stage
from spanport_models.batching import token_batches


class Window:
    """Consecutive records; ``values`` holds each one's present value, or its `Failed` or `Fatal`.

    Windows are the unit in which work passes from stage to stage: their bounds depend on the input alone, never
    on timing, so that batches (and with them the last digits of quantised models) are the same in every run.
    """

    __slots__ = ("index", "pending", "records", "values")

    def __init__(self, index: int) -> None:
        self.index = index
        self.records: list[Any] = []
        self.values: list[Any] = []
        self.pending = 0

    def __len__(self) -> int:
        return len(self.records)

    def append(self, record: Any) -> None:
        """Take in a record: fresh, rejected by the reader (`Failed`), or carried on from a pass before (`Done`)."""
        if type(record) is Done:
            self.records.append(record.record)
            self.values.append(record.value)
        else:
            self.records.append(record.record if type(record) is Failed else record)
            self.values.append(record)

    def live(self) -> list[int]:
        """Positions of the records still to be processed."""
        return [i for i, value in enumerate(self.values) if type(value) is not Failed and type(value) is not Fatal]

    def outcome(self, position: int) -> Outcome | Fatal:
        """What became of a record."""
        value = self.values[position]
        if type(value) is Failed or type(value) is Fatal:
            return value
        return Done(value, self.records[position])

    def settle(self, positions: tuple[int, ...], result: Any, stage: Stage) -> int:
        """Store the result that these records share; returns how many were rejected."""
        rejects = 0
        for i in positions:
            value = _merged(stage, self.values[i], result)
            if type(value) is Problem:
                value = Failed(self.records[i], value.error, stage.name)
                rejects += 1
            self.values[i] = value
        return rejects


def _merged(stage: Stage, item: Any, result: Any) -> Any:
    if stage.merge is None or type(result) is Problem or type(result) is Fatal:
        return result
    try:
        return stage.merge(item, result)
    except Exception as error:
        return Problem(error)


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Positions of the items of one batch, longest first; ``cost`` without and ``padded`` with padding."""

    positions: tuple[int, ...]
    cost: int
    padded: int


class Plan(msgspec.Struct, frozen=True):
    """The batches of a window at one stage; ``groups[i]`` are the records that share item ``i``."""

    groups: list[tuple[int, ...]]
    keys: list[Hashable]
    batches: list[Batch]
    rejects: int
    shared: int


MISSING = object()


class Memory:
    """The last ``size`` distinct results of a stage (least recently used go first); safe between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """The result of a key, or `MISSING`."""
        if not self._size:
            return MISSING
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key, MISSING)

    def put(self, key: Hashable, result: Any) -> None:
        """Remember a result; problems are not remembered."""
        if self._size and type(result) is not Problem and type(result) is not Fatal:
            with self._lock:
                self._results[key] = result
                if len(self._results) > self._size:
                    self._results.popitem(last=False)


def plan(window: Window, stage: Stage, memory: Memory) -> Plan:
    """Group identical records, answer those in memory, and batch the others.

    A record whose key or cost cannot be computed becomes `Failed`.
    """
    groups: dict[Hashable, list[int]] = {}
    costs: dict[Hashable, int] = {}
    rejects = shared = 0
    for i in window.live():
        value = window.values[i]
        try:
            key: Hashable = i if stage.key is None else stage.key(value)
            if (known := memory.get(key)) is not MISSING:
                shared += 1
                rejects += window.settle((i,), known, stage)
            elif key in groups:
                shared += 1
                groups[key].append(i)
            else:
                costs[key] = max(1, stage.cost(value))
                groups[key] = [i]
        except Exception as error:
            rejects += window.settle((i,), Problem(error), stage)
    batches = _batches(list(costs.values()), stage)
    return Plan([tuple(g) for g in groups.values()], list(groups), batches, rejects, shared)


def _batches(costs: Sequence[int], stage: Stage) -> list[Batch]:
    found = []
    for rows in token_batches(costs, stage.budget, stage.max_items):
        positions = tuple(rows.tolist())
        found.append(Batch(positions, sum(costs[i] for i in positions), costs[positions[0]] * len(positions)))
    return found
