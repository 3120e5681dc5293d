"""The calls that the engine makes to the runtimes, recorded so that a bare loop can repeat exactly these."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from spanport.models import Models

Size = Callable[[tuple[Any, ...]], tuple[int, int]]
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


@dataclass
class Recording:
    """What one run asked of the translator and of the encoder."""

    translate: Calls = field(default_factory=Calls)
    encode: Calls = field(default_factory=Calls)

    def loops(self, workers: int) -> list[Callable[[], None]]:
        """The bare loops, one per model, each over ``workers`` threads."""
        return [lambda calls=calls: _loop(calls, workers) for calls in (self.translate.calls, self.encode.calls)]  # type: ignore[misc]


def side_by_side(loops: Sequence[Callable[[], None]]) -> None:
    """Run loops at the same time, as the engine's stages do."""
    with ThreadPoolExecutor(len(loops)) as pool:
        for result in [pool.submit(loop) for loop in loops]:
            result.result()


def one_after_the_other(loops: Sequence[Callable[[], None]]) -> None:
    """Run loops in turn, as a script would."""
    for loop in loops:
        loop()


def _loop(calls: Sequence[Callable[[], Any]], workers: int) -> None:
    if workers == 1:
        for call in calls:
            call()
        return
    with ThreadPoolExecutor(workers) as pool:
        for result in [pool.submit(call) for call in calls]:
            result.result()


@contextmanager
def recorded(models: Models) -> Iterator[Recording]:
    """Record, while this lasts, each CTranslate2 ``translate_batch`` and ONNX Runtime ``session.run``."""
    recording = Recording()
    translator: Any = models.translator()
    encoders: list[Any] = [encoder for encoder in (models.encoder(), models.aligner()) if encoder is not None]
    parts = [(encoder._session, name) for encoder in encoders for name in ("_body", "_head")]
    with ExitStack() as stack:
        stack.enter_context(_replaced(translator, "_model", "translate_batch", recording.translate, _rows))
        for session, name in parts:
            stack.enter_context(_replaced(session, name, "run", recording.encode, _mask))
        yield recording


@contextmanager
def _replaced(owner: Any, attribute: str, method: str, calls: Calls, size: Size) -> Iterator[None]:
    runtime = getattr(owner, attribute)
    if runtime is not None:
        setattr(owner, attribute, _Recorder(runtime, method, calls, size))
    try:
        yield
    finally:
        setattr(owner, attribute, runtime)


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
            kept = [dict(arg) if isinstance(arg, dict) else arg for arg in args]  # the caller may add to its feeds
            with self._lock:
                self._calls.add(lambda: method(*kept, **options), *self._size(args))
            return method(*args, **options)

        return noted


def _rows(args: tuple[Any, ...]) -> tuple[int, int]:
    lengths = [len(row) for row in args[0]]
    return sum(lengths), max(lengths) * len(lengths)


def _mask(args: tuple[Any, ...]) -> tuple[int, int]:
    """Tokens of an encoder's graph; its head, if it has one, goes over the same ones again."""
    feeds = args[1]
    if "input_ids" not in feeds:
        return 0, 0
    return int(feeds["attention_mask"].sum()), feeds["attention_mask"].size
