"""The reading side: a thread that pulls records and cuts them into look-aheads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from spanport.options import StreamOptions
from spanport.stream.batches import Window, lookahead, lookahead_of
from spanport.stream.stage import Fatal

_READ_AHEAD = 3
"""While look-aheads grow, so many times what was handed over may be in flight: two of them, one after the other."""
_PATIENCE = 10
"""A partial look-ahead goes ahead at the latest this many ``linger`` after its first record."""


class Source:
    """Pulls records, the first of which is number ``begin``, while fewer than ``window`` are in flight.

    That limit, like the look-aheads, starts small and grows, so that the first results do not wait for thousands of
    records. All state is guarded by ``condition``, which is notified of every change; methods other than `run` expect
    it to be held.
    """

    def __init__(
        self, records: Iterable[Any], options: StreamOptions, condition: threading.Condition, begin: int
    ) -> None:
        self._records: Iterable[Any] | None = records
        self._condition = condition
        self._window, self._linger = options.window, options.linger
        self._most = lookahead(options)
        self._size = lookahead_of(options, begin)[1]
        self._limit = min(self._window, _READ_AHEAD * self._size)
        self._open = Window(0)
        self._opened = self._arrived = 0.0
        self._ready: list[Window] = []
        self._in_flight = 0
        self._waiting = False
        self._halted = False
        self.done = False
        self.windows = 0

    def run(self) -> None:
        """Read to the end, or until halted; an error of the input is relayed in its place."""
        try:
            self._pull()
        except BaseException as error:
            self._take(Fatal(error))
        finally:
            self._records = None
            with self._condition:
                self._cut()
                self.done = True
                self._condition.notify_all()

    def _pull(self) -> None:
        assert self._records is not None
        for record in _while(self._has_room, self._records):
            self._take(record)

    def _has_room(self) -> bool:
        """Wait for room; False when halted."""
        with self._condition:
            while self._in_flight >= self._limit and not self._halted:
                self._waiting = True
                self._condition.wait()
            self._waiting = False
            return not self._halted

    def _take(self, record: Any) -> None:
        with self._condition:
            self._arrived = time.monotonic()
            if not self._open:
                self._opened = self._arrived
                self._condition.notify_all()
            self._open.append(record)
            self._in_flight += 1
            if len(self._open) == self._size:
                self._cut()
                self._size = min(2 * self._size, self._most)
                self._condition.notify_all()

    def _cut(self) -> None:
        if self._open:
            self._ready.append(self._open)
            self.windows += 1
            self._open = Window(self.windows)

    def next_window(self) -> Window | None:
        """The next look-ahead that is full, or that has waited long enough."""
        if not self._ready and self.due() == 0.0:
            self._cut()
        return self._ready.pop(0) if self._ready else None

    def due(self) -> float | None:
        """Seconds until the open look-ahead goes ahead; None where only new records can change anything."""
        if self._linger is None or not self._open:
            return None
        due = min(self._arrived + self._linger, self._opened + _PATIENCE * self._linger)
        return max(0.0, due - time.monotonic())

    def release(self) -> None:
        """One record less is in flight."""
        self._in_flight -= 1
        self._limit = min(self._window, self._limit + _READ_AHEAD)
        if self._waiting:
            self._condition.notify_all()

    def halt(self) -> None:
        """Read no further record."""
        self._halted = True
        self._condition.notify_all()


def _while(condition: Any, records: Iterable[Any]) -> Iterable[Any]:
    """Records for as long as the condition holds, asked *before* each is pulled."""
    iterator = iter(records)
    while condition():
        try:
            record = next(iterator)
        except StopIteration:
            return
        yield record
