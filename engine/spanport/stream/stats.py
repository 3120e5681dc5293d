"""What a run did: counters per stage, taken at any moment as one JSON-able snapshot."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping

import msgspec

from spanport.memory import peak_rss
from spanport_models.devices import available_cores

log = logging.getLogger(__name__)

_BUSY, _IDLE, _SIZEABLE = 0.9, 0.5, 0.1
"""A stage working this share of its time starves a later one that waits that share, if its own work is sizeable."""
_SETTLED_SECONDS = 30.0
_SPARE = 0.25
"""Share of the cores' time that must be unused for a warning: where all are at work, nothing can be done about it."""


class StageStats(msgspec.Struct):
    """Counters of one stage; seconds are summed over its ``workers``.

    ``cpu_s`` is the workers' own CPU time (not that of threads a runtime keeps). ``cost`` is the tokens computed,
    ``padded`` the same with padding; ``shared`` counts items answered by an identical one, ``retries`` extra calls
    after a failure, ``queued`` items waiting now and ``queued_peak`` the most that ever waited.
    """

    name: str
    workers: int = 1
    items: int = 0
    shared: int = 0
    rejects: int = 0
    retries: int = 0
    batches: int = 0
    cost: int = 0
    padded: int = 0
    busy_s: float = 0.0
    cpu_s: float = 0.0
    wait_s: float = 0.0
    queued: int = 0
    queued_peak: int = 0
    padding_share: float = 0.0


class Snapshot(msgspec.Struct, frozen=True):
    """The state of a run: seconds since its start, records handed over, rejects among them, peak memory in bytes."""

    seconds: float
    records: int
    rejects: int
    peak_rss: int | None
    stages: tuple[StageStats, ...]

    def to_json(self) -> bytes:
        """The snapshot as an indented JSON document."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class Stats:
    """Collects the counters of one run (or of several passes over the same records); safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._cpu = time.process_time()
        self._stages: dict[str, StageStats] = {}
        self._records = 0
        self._rejects = 0
        self._warned = False

    def open(self, workers: Mapping[str, int]) -> None:
        """Make stages known, in pipeline order, with the number of their workers."""
        with self._lock:
            for name, count in workers.items():
                self._stages.setdefault(name, StageStats(name, count))

    def add(self, name: str, **counts: float) -> None:
        """Add to the counters of a stage."""
        with self._lock:
            stage = self._stages[name]
            for field, count in counts.items():
                setattr(stage, field, getattr(stage, field) + count)
            stage.queued_peak = max(stage.queued_peak, stage.queued)

    def hand_over(self, rejected: bool) -> None:
        """Count a record that reached the caller."""
        with self._lock:
            self._records += 1
            self._rejects += rejected

    def check_balance(self) -> None:
        """Warn, once in a run, when one stage starves another while cores are idle."""
        seconds = time.monotonic() - self._started
        spare = 1 - (time.process_time() - self._cpu) / (seconds * available_cores()) if seconds else 0.0
        with self._lock:
            if self._warned or seconds < _SETTLED_SECONDS or spare < _SPARE or _load() > available_cores():
                return
            pair = _starving(list(self._stages.values()), seconds)
            self._warned = pair is not None
        if pair:
            log.warning(
                "stage %s (busy %.0f%% of the time) starves stage %s (waiting %.0f%%), and %.0f%% of the cores' time "
                "is unused: give it more workers",
                *pair,
                100 * spare,
            )

    def snapshot(self) -> Snapshot:
        """A consistent copy of all counters."""
        with self._lock:
            stages = tuple(
                msgspec.structs.replace(s, padding_share=1 - s.cost / s.padded if s.padded else 0.0)
                for s in self._stages.values()
            )
            seconds = time.monotonic() - self._started
            return Snapshot(seconds, self._records, self._rejects, peak_rss(), stages)


def _starving(stages: list[StageStats], seconds: float) -> tuple[str, float, str, float] | None:
    """``(busy stage, % busy, starved stage, % waiting)``, or None."""
    for i, first in enumerate(stages):
        busy = first.busy_s / (first.workers * seconds)
        if busy < _BUSY:
            continue
        for later in stages[i + 1 :]:
            capacity = later.workers * seconds
            if later.wait_s / capacity > _IDLE and later.busy_s / capacity > _SIZEABLE:
                return first.name, 100 * busy, later.name, 100 * later.wait_s / capacity
    return None


def _load() -> float:
    """Processes that want a core, whoever's they are, over the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
