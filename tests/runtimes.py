"""Fake models that call a fake CTranslate2 and a fake ONNX Runtime session, as the real ones call theirs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from fakes import Encoded, FakeEncoder, FakeModels, FakeTranslator, Generated, Tokens


class Runtime:
    """Takes a while per token, as a model does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.batches: list[list[list[str]]] = []

    def translate_batch(self, rows: Sequence[Sequence[str]], **options: Any) -> None:
        self.batches.append([list(row) for row in rows])
        _work(self.seconds * sum(map(len, rows)))


class Session:
    """Takes a while per padded token."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.shapes: list[tuple[int, ...]] = []

    def run(self, ids: Any, mask: Any, *, hidden: bool, logits: bool) -> None:
        self.shapes.append(mask.shape)
        _work(self.seconds * mask.size)


def _work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


class BenchTranslator(FakeTranslator):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.runtime = Runtime(seconds)

    def generate(
        self, tokens: Sequence[Sequence[str]], target_language: str, *, beam_size: int = 1
    ) -> list[Generated]:
        self.runtime.translate_batch(tokens, beam_size=beam_size)
        return super().generate(tokens, target_language, beam_size=beam_size)


class BenchEncoder(FakeEncoder):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.runtime = Session(seconds)

    def run(
        self, batch: Sequence[Tokens], *, hidden: bool = True, logits: bool = True, batch_tokens: int | None = None
    ) -> Encoded:
        lengths = np.array([len(tokens.ids) for tokens in batch])
        mask = np.arange(lengths.max()) < lengths[:, None]
        self.runtime.run(mask.astype(np.int64), mask, hidden=hidden, logits=logits)
        return super().run(batch, hidden=hidden, logits=logits)


def bench_models(seconds: float = 0.0) -> FakeModels:
    """Models that spend ``seconds`` of CPU time per token."""
    return FakeModels(BenchEncoder(seconds), BenchTranslator(seconds))
