"""Stages without models, for the tests of the streaming engine."""

from __future__ import annotations

import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spanport.stream import Stage


class BadRecordError(ValueError):
    """What a fake stage raises for a record that is to fail."""


def faulty(
    name: str,
    bad: Iterable[int] = (),
    *,
    error: Callable[[], BaseException] = BadRecordError,
    latency: float = 0.0,
    seed: int = 0,
    **options: Any,
) -> Stage:
    """A stage over ``(number, trail)`` items that adds its name to the trail and raises for bad numbers."""
    failing = set(bad)
    rng = random.Random(seed)

    def run(items: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        if latency:
            time.sleep(rng.random() * latency)
        if any(number in failing for number, _ in items):
            raise error()
        return [(number, trail + name) for number, trail in items]

    return Stage(name, run, cost=lambda item: item[0] % 7 + 1, **options)


def composition(name: str, **options: Any) -> Stage:
    """A stage whose results depend on the whole batch, as those of a dynamically quantised model do."""

    def run(items: Sequence[Any]) -> list[Any]:
        digest = hash(tuple(items))
        return [hash((item, digest)) for item in items]

    return Stage(name, run, cost=lambda item: item % 13 + 1, **options)


def numbered(count: int) -> list[tuple[int, str]]:
    """Fresh items for `faulty` stages."""
    return [(i, "") for i in range(count)]


class Counted:
    """An iterable that knows how many records were pulled from it."""

    def __init__(self, records: Iterable[Any]) -> None:
        self._records = iter(records)
        self.pulled = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        record = next(self._records)
        self.pulled += 1
        return record


def stream_threads() -> list[str]:
    """Names of the engine's threads that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("spanport-")]


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Writes fail where a file would grow past ``size`` bytes, half way through, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
