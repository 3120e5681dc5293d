"""The figures of a benchmark, on fake runtimes whose cost is known."""

from __future__ import annotations

import msgspec
import pytest

from runtimes import bench_models
from spanport.api import Engine
from spanport.bench import measure
from spanport.errors import StageError
from spanport.options import StreamOptions

TEXTS = [" ".join(["palabra"] * (3 + i % 7)) + f" {i}" for i in range(30)]


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = Engine(bench_models(0.00005), stream=StreamOptions(linger=None))  # type: ignore[arg-type]
    list(made.label(TEXTS[:2], lang="spa_Latn"))  # kernels are compiled
    return made


def test_figures(engine: Engine) -> None:
    figures = measure(engine, TEXTS, "spa_Latn", rounds=1)
    assert (figures.sentences, figures.rejects, figures.rounds) == (30, 0, 1)
    assert figures.bare.cpu_s == pytest.approx(figures.translate.cpu_s + figures.encode.cpu_s)
    assert figures.bare.cpu_s > 0.9 * 0.00005 * figures.tokens
    assert figures.engine.cpu_s > figures.bare.cpu_s * 0.9
    assert figures.cpu_ratio == pytest.approx(figures.bare.cpu_s / figures.engine.cpu_s)
    assert figures.outside_share == pytest.approx(1 - figures.cpu_ratio)
    assert figures.sentences_per_s == pytest.approx(30 / figures.engine.wall_s)
    assert figures.tokens_per_s == pytest.approx(figures.tokens / figures.engine.wall_s)
    assert 0 < figures.translate_padding_share < 1
    assert 0 <= figures.encode_padding_share < 1
    assert min(figures.latency.engine_ms, figures.latency.bare_ms) > 0  # which is less, a busy machine decides
    assert {stage.name for stage in figures.stats.stages} >= {"translate", "encode", "match"}
    assert msgspec.json.decode(msgspec.json.encode(figures))["bundle"] == "fake"


def test_the_bundled_models() -> None:
    """The recorder knows the runtimes by heart: it must know those that the bundle really has."""
    with Engine.from_bundle("mini", threads=1) as engine:
        figures = measure(engine, ["Ana vive en Lima.", "Iván va a Quito."], "spa_Latn", rounds=1)
    assert figures.translate.cpu_s > 0
    assert figures.encode.cpu_s > 0
    assert figures.tokens > 20
    assert figures.encode_padding_share < 1


def test_rejected_records_are_counted() -> None:
    engine = Engine(bench_models())  # type: ignore[arg-type]
    assert measure(engine, ["a b", "too long " * 600], "spa_Latn", rounds=1).rejects == 1


def test_all_records_rejected_is_an_error_not_a_figure() -> None:
    with pytest.raises(StageError, match="none of the 2 records"):
        measure(Engine(bench_models()), ["too long " * 600] * 2, "spa_Latn")  # type: ignore[arg-type]
