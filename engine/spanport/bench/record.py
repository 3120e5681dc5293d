"""The calls that the engine makes to the runtimes, recorded so that a bare loop can repeat exactly these."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from spanport.models import Models

Size = Callable[..., tuple[int, int]]
"""Arguments of a call -> its tokens without and with padding."""


@dataclass
class Calls:
    """Recorded calls of one model; ``tokens`` without and ``padded`` with padding."""

    calls: list[Callable[[], Any]] = field(default_factory=list)
    tokens: int = 0
    padded: int = 0

    def add(self, call: Callable[[], Any], tokens: int, padded: int) -> None:
        """Note a call."""
        self.calls.append(call)
        self.tokens += tokens
        self.padded += padded

    @property
    def padding_share(self) -> float:
        """Share of the padded tokens that is padding."""
        return 1 - self.tokens / self.padded if self.padded else 0.0

    def repeat(self, workers: int) -> None:
        """The bare loop: all calls again, on ``workers`` threads, results thrown away."""
        if workers == 1:
            for call in self.calls:
                call()
            return
        with ThreadPoolExecutor(workers) as pool:
            for result in [pool.submit(_forget, call) for call in self.calls]:
                result.result()


@dataclass
class Recording:
    """What one run asked of the translator and of the encoder."""

    translate: Calls = field(default_factory=Calls)
    encode: Calls = field(default_factory=Calls)


def _forget(call: Callable[[], Any]) -> None:
    call()


@contextmanager
def recorded(models: Models) -> Iterator[Recording]:
    """Record, while this lasts, each ``translate_batch`` of CTranslate2 and each run of an encoder's graphs."""
    recording = Recording()
    translator: Any = models.translator()
    encoders: list[Any] = [encoder for encoder in (models.encoder(), models.aligner()) if encoder is not None]
    with ExitStack() as stack:
        stack.enter_context(_watched(translator, "translate_batch", recording.translate, _rows))
        for encoder in encoders:
            stack.enter_context(_watched(encoder, "run", recording.encode, _mask))
        yield recording


@contextmanager
def _watched(model: Any, method: str, calls: Calls, size: Size) -> Iterator[None]:
    runtime = model.runtime
    model.runtime = _Recorder(runtime, method, calls, size)
    try:
        yield
    finally:
        model.runtime = runtime


class _Recorder:
    """Stands for a runtime's object and notes the calls of one method."""

    def __init__(self, wrapped: Any, method: str, calls: Calls, size: Size) -> None:
        self._wrapped, self._method, self._calls, self._size = wrapped, method, calls, size
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapped, name)
        return self._noting(found) if name == self._method else found

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **options: Any) -> Any:
            with self._lock:
                self._calls.add(lambda: method(*args, **options), *self._size(*args))
            return method(*args, **options)

        return noted


def _rows(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    lengths = [len(row) for row in rows]
    return sum(lengths), max(lengths) * len(lengths)


def _mask(ids: Any, mask: Any) -> tuple[int, int]:
    return int(mask.sum()), mask.size
