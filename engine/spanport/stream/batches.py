"""A look-ahead of records at one stage (grouped, batched, run, settled), and through all in the caller's thread."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from spanport.errors import ModelError, StageError, UsageError
from spanport.options import StreamOptions
from spanport.stream.stage import Done, Failed, Fatal, Outcome, Problem, Stage, is_unexpected
from spanport.stream.stats import Stats
from spanport_models.batching import even_batches, token_batches

log = logging.getLogger(__name__)

_OUTSIDE = (StageError, ModelError, UsageError, OSError)
"""Errors that no record causes: rejecting every record for them would hide the cause."""

FIRST = 32
"""Records of the first look-ahead; each further one is twice as large, until they are as large as asked for."""

MISSING = object()


def lookahead(options: StreamOptions) -> int:
    """Most records batched together: as asked for, but at most half of the window, so that stages overlap."""
    return max(1, min(options.lookahead, options.window // 2))


def lookahead_of(options: StreamOptions, record: int) -> tuple[int, int]:
    """Where the look-ahead that holds a record begins, and its size: they depend on the input alone."""
    most = lookahead(options)
    begin, size = 0, min(FIRST, most)
    while size < most and record >= begin + size:
        begin, size = begin + size, min(2 * size, most)
    return begin + (record - begin) // size * size, size


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
        rejects, own = 0, stage.merge is None or type(result) in (Problem, Fatal)
        for i in positions:
            try:
                value = result if own else stage.merge(self.values[i], result)  # type: ignore[misc]
            except Exception as error:
                value = Problem(error)
            if type(value) is Problem:
                value = Failed(self.records[i], value.error, stage.name)
                rejects += 1
            self.values[i] = value
        return rejects


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


def plan(window: Window, stage: Stage, known: Callable[[Hashable], Any] | None = None) -> Plan:
    """Group identical records, answer those whose result is ``known`` (else `MISSING`), and batch the others.

    A record whose key or cost cannot be computed becomes `Failed`.
    """
    groups: dict[Hashable, list[int]] = {}
    costs: dict[Hashable, int] = {}
    rejects = shared = 0
    for i in window.live():
        value = window.values[i]
        try:
            key: Hashable = i if stage.key is None else stage.key(value)
            if known and (result := known(key)) is not MISSING:
                shared += 1
                rejects += window.settle((i,), result, stage)
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
    form = even_batches if stage.even else token_batches
    for rows in form(costs, stage.budget, stage.max_items):
        positions = tuple(rows.tolist())
        cost = sum([costs[i] for i in positions])
        found.append(Batch(positions, cost, costs[positions[0]] * len(positions) if stage.pads else cost))
    return found


def execute(stage: Stage, items: Sequence[Any]) -> tuple[list[Any], int]:
    """Results in the items' order, each a value, a `Problem` or a `Fatal`; and how many extra calls it took.

    A batch that raises is halved and tried again down to single items, which isolates a bad item and makes
    room after a MemoryError alike. An unexpected error keeps its traceback, as text, in a note.
    """
    error: Exception
    try:
        results = list(stage.run(items))  # type: ignore[misc]  # loaded
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


def run_batch(stage: Stage, window: Window, made: Plan, batch: Batch) -> tuple[list[Any], dict[str, float]]:
    """Run a batch of a window and settle its results there; returns them, and what to count (see `StageStats`)."""
    groups = [made.groups[i] for i in batch.positions]
    wall, cpu = time.monotonic(), time.thread_time()
    items = [window.values[group[0]] for group in groups]
    results, retries = execute(stage, items)
    busy, cpu = time.monotonic() - wall, time.thread_time() - cpu
    log.debug("%s: batch of %d, cost %d (padded %d), %.3f s", stage.name, len(items), batch.cost, batch.padded, busy)
    rejects = sum([window.settle(group, result, stage) for group, result in zip(groups, results, strict=True)])
    cost, padded = stage.spent(items) if stage.spent else (batch.cost, batch.padded)
    return results, {
        "items": len(results), "rejects": rejects, "retries": retries, "batches": 1, "cost": cost, "padded": padded,
        "busy_s": busy, "cpu_s": cpu,
    }  # fmt: skip


def outcomes(window: Window, *, reproducible: bool) -> list[Outcome | Fatal]:
    """What became of a window's records, in order.

    A fatal error leaves the other records of its window in batches that an undisturbed run would not have made;
    where results are to be ``reproducible``, it stands for the whole window.
    """
    found = [window.outcome(i) for i in range(len(window))]
    if reproducible and (fatal := next((o for o in found if isinstance(o, Fatal)), None)):
        return [fatal]
    return found


def straight(
    records: Iterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats, begin: int
) -> Generator[Outcome]:
    """The outcomes of records at hand, from number ``begin`` on, at which a look-ahead begins.

    All goes in the caller's thread: for one record alone, or through stages without a model. Errors as in
    `run_stages`.
    """
    stats.open(dict.fromkeys([stage.name for stage in stages], 1))
    rest, at = iter(records), begin
    while True:
        window = Window(0)
        for record in islice(rest, lookahead_of(options, at)[1]):
            window.append(record)
        if not window:
            return
        at += len(window)
        for stage in stages:
            made = plan(window, stage)
            counts = Counter[str]({"shared": made.shared, "rejects": made.rejects})
            for batch in made.batches:
                counts.update(run_batch(stage, window, made, batch)[1])
            stats.add(stage.name, **counts)
        for outcome in outcomes(window, reproducible=options.linger is None):
            if isinstance(outcome, Fatal):
                raise outcome.error
            yield outcome
