"""From what a sentence costs to machines and hours."""

from __future__ import annotations

import msgspec

from spanport.bench.measure import Bench
from spanport.errors import UsageError

ADVICE = {
    "translate": "a shortlist (`export translator --shortlist`), a smaller translator, or a tagger of the language "
    "itself (`spanport train`), which needs no translation",
    "encode": "a smaller encoder, or a GPU (`--device cuda`)",
    "all else": "batches and threads that suit the machine (`spanport bench --tune`)",
}
"""What helps where a stage dominates."""


class Document(msgspec.Struct, frozen=True):
    """What `spanport bench --json` prints, as far as it is needed here."""

    bench: Bench


class Stage(msgspec.Struct, frozen=True):
    """CPU milliseconds that a stage takes for a sentence, and its share of all."""

    name: str
    cpu_ms: float
    share: float
    core_hours: float


class Plan(msgspec.Struct, frozen=True):
    """What a job takes; ``cost`` is in the currency of the price, None without one."""

    sentences: int
    cores: int
    machines: int
    stages: tuple[Stage, ...]
    cpu_ms: float
    core_hours: float
    hours: float
    machine_hours: float
    cost: float | None
    memory_bytes: int | None

    @property
    def dominant(self) -> str:
        """The stage that takes most."""
        return max(self.stages, key=lambda stage: stage.cpu_ms).name


def read_bench(data: bytes) -> Bench:
    """The figures in a document of `spanport bench --json`.

    Raises UsageError where it is none.
    """
    try:
        return msgspec.json.decode(data, type=Document).bench
    except msgspec.DecodeError as error:
        raise UsageError(f"expected what `spanport bench --json` prints: {error}") from error


def plan(
    bench: Bench, *, sentences: int, cores: int, machines: int = 1, busy: float = 0.95, price: float | None = None
) -> Plan:
    """Machines and hours for so many sentences like those that were measured, on cores like those.

    Args:
        sentences: Sentences to label.
        cores: Cores of a machine.
        machines: Machines.
        busy: Share of the cores' time that is worked.
        price: Of a machine for an hour.
    """
    models = {"translate": bench.translate.cpu_s, "encode": bench.encode.cpu_s}
    seconds = {**models, "all else": max(bench.engine.cpu_s - sum(models.values()), 0.0)}
    total = sum(seconds.values())
    hours_each = sentences / bench.sentences / 3600
    stages = tuple(
        Stage(name, 1000 * cpu_s / bench.sentences, cpu_s / total, cpu_s * hours_each)
        for name, cpu_s in seconds.items()
    )
    machine_hours = total * hours_each / cores / busy
    return Plan(
        sentences=sentences,
        cores=cores,
        machines=machines,
        stages=stages,
        cpu_ms=1000 * total / bench.sentences,
        core_hours=total * hours_each,
        hours=machine_hours / machines,
        machine_hours=machine_hours,
        cost=None if price is None else machine_hours * price,
        memory_bytes=bench.stats.peak_rss,
    )
