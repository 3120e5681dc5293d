"""A stage of a pipeline with what waits for it, and the results that it remembers."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Any

from spanport.stream.batches import MISSING, Batch, Plan, Window
from spanport.stream.stage import Fatal, Problem, Stage

Job = tuple[Window, Plan, Batch]


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


class Line:
    """A stage with what waits for it; ``running`` and ``workers`` are those that compute."""

    def __init__(self, stage: Stage, cache: int) -> None:
        self.stage = stage
        self.memory = Memory(cache if stage.key else 0)
        self.windows: deque[Window] = deque()
        self.jobs: deque[Job] = deque()
        self.running = 0
        self.workers = stage.workers if stage.computes else 0

    def urgent(self) -> int:
        """Batches to compute, or yet to be made, that workers are free for."""
        return min(len(self.jobs) + len(self.windows), self.workers - self.running)
