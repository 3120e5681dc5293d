"""Recording the runtimes' calls and repeating them."""

from __future__ import annotations

import threading

import pytest

from runtimes import bench_models
from spanport.api import Engine
from spanport.bench.record import Calls, recorded
from spanport.options import StreamOptions, TranslateOptions

TEXTS = [f"uno dos tres {'cuatro ' * (i % 5)}".strip() for i in range(40)]


def test_bare_loops_repeat_the_engines_calls() -> None:
    models = bench_models()
    engine = Engine(models, translate=TranslateOptions(batch_tokens=24), stream=StreamOptions(linger=None))  # type: ignore[arg-type]
    with recorded(models) as recording:  # type: ignore[arg-type]
        assert len(list(engine.label(TEXTS, lang="spa_Latn"))) == len(TEXTS)
    runtime, session = models.fake_translator.runtime, models.fake_encoder.runtime
    first = (list(runtime.batches), list(session.shapes))
    assert len(first[0]) == len(recording.translate.calls) > 1
    assert len(first[1]) == len(recording.encode.calls) >= 1
    assert recording.encode.padded == sum(rows * columns for rows, columns in first[1])
    assert recording.translate.tokens == sum(len(row) for batch in first[0] for row in batch)
    for workers in (1, 3):
        runtime.batches.clear()
        session.shapes.clear()
        recording.translate.repeat(workers)
        recording.encode.repeat(workers)
        assert (sorted(runtime.batches), sorted(session.shapes)) == (sorted(first[0]), sorted(first[1]))


def test_nothing_is_recorded_afterwards() -> None:
    models = bench_models()
    with recorded(models) as recording:  # type: ignore[arg-type]
        pass
    list(Engine(models).label(TEXTS[:3], lang="spa_Latn"))  # type: ignore[arg-type]
    assert recording.translate.calls == recording.encode.calls == []


def test_the_runtimes_come_back_after_an_error() -> None:
    models = bench_models()
    runtime, session = models.fake_translator.runtime, models.fake_encoder.runtime
    with pytest.raises(RuntimeError), recorded(models):  # type: ignore[arg-type]
        raise RuntimeError
    assert models.fake_translator.runtime is runtime
    assert models.fake_encoder.runtime is session


def test_padding_share() -> None:
    calls = Calls()
    calls.add(lambda: None, 8, 10)
    calls.add(lambda: None, 10, 10)
    assert calls.padding_share == pytest.approx(0.1)
    assert Calls().padding_share == 0.0


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_bare_loop_is_raised(workers: int) -> None:
    def broken() -> None:
        raise RuntimeError("model")

    with pytest.raises(RuntimeError, match="model"):
        Calls([broken, lambda: None]).repeat(workers)


def test_a_bare_loop_uses_its_threads() -> None:
    barrier = threading.Barrier(2, timeout=5)
    Calls([barrier.wait, barrier.wait]).repeat(2)
