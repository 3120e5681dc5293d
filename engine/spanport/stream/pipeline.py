"""The threads: one reader, and workers per stage, around one condition."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spanport.errors import StageError
from spanport.memory import Trimmer
from spanport.options import StreamOptions
from spanport.stream.batches import Batch, Plan, Window, plan, run_batch
from spanport.stream.line import Job, Line
from spanport.stream.source import Source
from spanport.stream.stage import Fatal, Stage, check
from spanport.stream.stats import Stats
from spanport_models.devices import available_cores

log = logging.getLogger(__name__)

_CHECK_SECONDS = 1.0
"""How often a waiting caller makes sure that the threads it waits for are alive."""
_JOIN_SECONDS = 10.0
_READER_SECONDS = 0.5
"""How long ending a run waits for a batch that is under way, and for the input."""


class Pipeline:
    """Windows go from line to line; whoever finishes the last batch of a window passes it on.

    Nothing but the condition's lock is shared, no lock is held while a stage runs, and every wait ends when
    `stop` is called.
    """

    def __init__(
        self, records: Iterable[Any], stages: Sequence[Stage], options: StreamOptions, stats: Stats, begin: int = 0
    ) -> None:
        check(stages)
        self._condition = threading.Condition()
        self._source = Source(records, options, self._condition, begin)
        self._lines = [Line(stage, options.cache) for stage in stages]
        self._stats = stats
        self._done: dict[int, Window] = {}
        self._next = 0
        self._turns = max(available_cores(), *[line.workers for line in self._lines])
        self._stopped = False
        self._death: StageError | None = None
        self._threads: list[threading.Thread] = []
        self._trimmer = Trimmer()
        stats.open({stage.name: stage.workers for stage in stages})

    def start(self) -> None:
        """Start the threads."""
        self._spawn("spanport-read", self._source.run)
        for index, line in enumerate(self._lines):
            for worker in range(line.stage.workers):
                self._spawn(f"spanport-{line.stage.name}-{worker}", self._work, index)

    def _spawn(self, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    # --- the caller's side -------------------------------------------------------------------------------

    def next_window(self, waiting: Callable[[], object]) -> Window | None:
        """Wait for the next window in input order; None at the end of the input or after `stop`.

        ``waiting`` is called about once a second, or more often, while it is not there. Raises what killed a worker
        thread, once all windows before it have been handed over.
        """
        self._trimmer.maybe()
        while True:
            with self._condition:
                if self._next in self._done:
                    self._next += 1
                    return self._done.pop(self._next - 1)
                if self._death is not None:
                    raise self._death
                if self._stopped or (self._source.done and self._next == self._source.windows):
                    return None
                self._check_alive()
                self._condition.wait(_CHECK_SECONDS)
            waiting()

    def _check_alive(self) -> None:
        for thread in self._threads[0 if not self._source.done else 1 :]:
            if not thread.is_alive():
                raise StageError(f"worker thread {thread.name} died; the records it held are not processed")

    def release(self) -> None:
        """The caller is through with one record."""
        with self._condition:
            self._source.release()

    def stop(self) -> None:
        """Ask all threads to end; safe from any thread, returns at once."""
        with self._condition:
            self._stopped = True
            self._source.halt()

    def join(self) -> None:
        """Wait for the threads to end, which takes as long as the batches under way.

        A stage that blocks for longer than 10 s, or an input that blocks for half a second, is left behind: the
        threads are daemons and end as soon as it returns.
        """
        reader, workers = self._threads[:1], self._threads[1:]
        for threads, seconds in ((workers, _JOIN_SECONDS), (reader, _READER_SECONDS)):
            deadline = time.monotonic() + seconds
            for thread in threads:
                if thread is threading.current_thread():
                    continue
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    log.info("%s is still blocked; it ends when what it waits for returns", thread.name)
        for line in self._lines:
            line.windows.clear()
            line.jobs.clear()
        self._done.clear()

    # --- the workers' side -------------------------------------------------------------------------------

    def _work(self, index: int) -> None:
        try:
            while (work := self._wait(index)) is not None:
                if isinstance(work, Window):
                    self._plan(index, work)
                else:
                    self._run(index, *work)
        except BaseException as error:
            death = StageError(f"a worker of stage {self._lines[index].stage.name} died: {error!r}")
            death.__cause__ = error
            with self._condition:
                self._death = death
                self._source.halt()

    def _wait(self, index: int) -> Window | Job | None:
        line = self._lines[index]
        started = time.monotonic()
        with self._condition:
            while not self._stopped:
                if work := self._available(index):
                    self._stats.add(line.stage.name, wait_s=time.monotonic() - started)
                    return work
                self._condition.wait(self._source.due() if index == 0 else None)
        return None

    def _available(self, index: int) -> Window | Job | None:
        line = self._lines[index]
        if line.jobs and self._has_turn(index):
            line.running += line.stage.computes
            return line.jobs.popleft()
        if index == 0 and (fresh := self._source.next_window()):
            self._stats.add(line.stage.name, queued=len(fresh))
            return fresh
        return line.windows.popleft() if line.windows else None

    def _has_turn(self, index: int) -> bool:
        """Whether a core is free for a batch of this line, those left out that later lines have a batch for.

        Models that shared a core by the system's time slices would empty its caches for one another all the time.
        """
        if not self._lines[index].stage.computes:
            return True
        taken = sum([line.running for line in self._lines]) + sum(
            [line.urgent() for line in self._lines[index + 1 :]]
        )
        return taken < self._turns

    def _plan(self, index: int, window: Window) -> None:
        line = self._lines[index]
        made = plan(window, line.stage, line.memory.get)
        window.pending = len(made.batches)
        idle = len(window) - sum(len(group) for group in made.groups)
        self._stats.add(line.stage.name, shared=made.shared, rejects=made.rejects, queued=-idle)
        with self._condition:
            line.jobs.extend((window, made, batch) for batch in made.batches)
            if not window.pending:
                self._advance(index, window)
            self._condition.notify_all()

    def _run(self, index: int, window: Window, made: Plan, batch: Batch) -> None:
        line = self._lines[index]
        results, counts = run_batch(line.stage, window, made, batch)
        self._stats.add(line.stage.name, **counts, queued=-sum(len(made.groups[i]) for i in batch.positions))
        for i, result in zip(batch.positions, results, strict=True):
            line.memory.put(made.keys[i], result)
        with self._condition:
            if any(type(result) is Fatal for result in results):
                self._source.halt()
            window.pending -= 1
            line.running -= line.stage.computes
            if not window.pending:
                self._advance(index, window)
            if line.stage.computes or not window.pending:
                self._condition.notify_all()

    def _advance(self, index: int, window: Window) -> None:
        if index + 1 == len(self._lines):
            self._done[window.index] = window
        else:
            following = self._lines[index + 1]
            following.windows.append(window)
            self._stats.add(following.stage.name, queued=len(window))
