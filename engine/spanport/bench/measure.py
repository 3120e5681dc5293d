"""Engine against bare loops."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

from spanport.api import Engine
from spanport.bench.record import Recording, recorded
from spanport.errors import StageError
from spanport.job import Job
from spanport.shown import counted
from spanport.stream import Failed, Snapshot

LATENCY_TEXTS = 20


class Timing(msgspec.Struct, frozen=True):
    """Wall time and CPU time (of all threads of the process) in seconds."""

    wall_s: float
    cpu_s: float


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds for one sentence by itself: medians, and the engine's 90th percentile."""

    engine_ms: float
    bare_ms: float
    engine_p90_ms: float


class Bench(msgspec.Struct, frozen=True):
    """Figures of one benchmark; times and ratios are medians over ``rounds`` that alternate engine and bare loops.

    ``translate`` and ``encode`` are the bare loops, one after the other, each with as many threads as the engine has
    for a model; ``bare`` is their sum. A ratio above 1 says that the engine is faster. ``outside_share`` is the share
    of the engine's CPU time that the bare loops do not need: tokenising, matching, moving records. ``tokens`` counts
    what both models read.
    """

    bundle: str
    language: str
    sentences: int
    rejects: int
    tokens: int
    workers: int
    translate_batch_tokens: int
    encode_batch_tokens: int
    lookahead: int
    rounds: int
    engine: Timing
    translate: Timing
    encode: Timing
    bare: Timing
    cpu_ratio: float
    wall_ratio: float
    outside_share: float
    translate_padding_share: float
    encode_padding_share: float
    sentences_per_s: float
    tokens_per_s: float
    sentences_per_cpu_s: float
    latency: Latency
    stats: Snapshot


def timed(work: Callable[[], object]) -> Timing:
    """Run something and say how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def measure(engine: Engine, texts: Sequence[str], language: str, *, rounds: int = 3) -> Bench:
    """Label ``texts`` with the engine, and repeat its very model calls in bare loops.

    The first run warms up and records the calls; all rounds use the same batches. Records that fail are counted.
    Raises StageError when all fail, and as `Engine.label` for options and models.
    """

    job = engine.job("label", language=language, pivot="eng_Latn")

    def run() -> None:
        for _ in engine.run(job, texts):
            pass

    with recorded(engine.models) as recording:
        failed = [outcome.error for outcome in engine.run(job, texts) if isinstance(outcome, Failed)]
    if len(failed) == len(texts):
        raise StageError(f"none of the {counted(len(texts), 'record')} could be processed; the first: {failed[0]}")
    workers = engine.stream_options.workers
    timings = [
        (timed(run), *(timed(lambda: calls.repeat(workers)) for calls in (recording.translate, recording.encode)))  # noqa: B023
        for _ in range(rounds)
    ]
    stats = engine.stats.snapshot()
    ours, translate, encode = (_median([row[i] for row in timings]) for i in range(3))
    bares = [_both(*row[1:]) for row in timings]
    cpu_ratio = statistics.median(bare.cpu_s / row[0].cpu_s for row, bare in zip(timings, bares, strict=True))
    tokens = recording.translate.tokens + recording.encode.tokens
    return Bench(
        bundle=engine.models.name,
        language=job.language,
        sentences=len(texts),
        rejects=stats.rejects,
        tokens=tokens,
        workers=workers,
        translate_batch_tokens=engine.translate_options.batch_tokens,
        encode_batch_tokens=engine.encode_options.batch_tokens,
        lookahead=engine.stream_options.lookahead,
        rounds=rounds,
        engine=ours,
        translate=translate,
        encode=encode,
        bare=_median(bares),
        cpu_ratio=cpu_ratio,
        wall_ratio=statistics.median(bare.wall_s / row[0].wall_s for row, bare in zip(timings, bares, strict=True)),
        outside_share=1 - cpu_ratio,
        translate_padding_share=recording.translate.padding_share,
        encode_padding_share=recording.encode.padding_share,
        sentences_per_s=len(texts) / ours.wall_s,
        tokens_per_s=tokens / ours.wall_s,
        sentences_per_cpu_s=len(texts) / ours.cpu_s,
        latency=_latency(engine, job, texts[:LATENCY_TEXTS]),
        stats=stats,
    )


def _latency(engine: Engine, job: Job, texts: Sequence[str]) -> Latency:
    ours, bare = [], []
    for text in texts:
        with recorded(engine.models) as recording:
            ours.append(timed(lambda: list(engine.run(job, [text]))).wall_s)  # noqa: B023
        bare.append(timed(lambda: _once(recording)).wall_s)
    return Latency(
        1000 * statistics.median(ours), 1000 * statistics.median(bare), 1000 * sorted(ours)[len(ours) * 9 // 10]
    )


def _once(recording: Recording) -> None:
    recording.translate.repeat(1)
    recording.encode.repeat(1)


def _both(first: Timing, second: Timing) -> Timing:
    return Timing(first.wall_s + second.wall_s, first.cpu_s + second.cpu_s)


def _median(timings: Sequence[Timing]) -> Timing:
    return Timing(statistics.median(t.wall_s for t in timings), statistics.median(t.cpu_s for t in timings))
