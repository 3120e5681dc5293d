"""Several systems on the same sentences: figures with intervals, agreement, and where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from spanport.errors import UsageError
from spanport.evaluate.bootstrap import Difference, Interval, difference, interval
from spanport.evaluate.calibration import Reliability, calibration
from spanport.evaluate.entities import EntityCounts, EntityScores, common_entities, count_entities
from spanport.evaluate.mistakes import Mistakes, count_mistakes
from spanport.types import Sentence


class SystemResult(msgspec.Struct, frozen=True):
    """One system's figures against gold. ``against_best`` is None for the best system itself."""

    name: str
    scores: EntityScores
    f1: Interval
    label_f1: dict[str, Interval]
    mistakes: Mistakes
    reliability: Reliability
    against_best: Difference | None = None
    seconds: float | None = None
    options: str = ""


class Disagreement(msgspec.Struct, frozen=True):
    """A sentence that the systems label differently; ``number`` is 0-based."""

    number: int
    gold: Sentence
    predicted: dict[str, Sentence]
    source: Sentence | None = None


class Comparison(msgspec.Struct, frozen=True):
    """Systems in the given order.

    ``agreement[a][b]`` is the micro F1 of b's entities against a's (symmetric; 1 where neither has any).
    """

    title: str
    sentences: int
    ignored: tuple[str, ...]
    systems: tuple[SystemResult, ...]
    agreement: tuple[tuple[float, ...], ...]
    disagreements: tuple[Disagreement, ...]
    disagreeing: int
    """Sentences on which the systems differ, of which `disagreements` holds the first."""

    @property
    def best(self) -> SystemResult:
        """The system with the highest micro F1, the first of several."""
        return max(self.systems, key=lambda system: system.f1.value)

    def to_rows(self) -> list[dict[str, Any]]:
        """One row per system: name, precision, recall, F1 with its interval, F1 per label, p-value, seconds."""
        return [_row(system) for system in self.systems]


def compare(
    title: str,
    gold: Sequence[Sentence],
    predictions: Mapping[str, Sequence[Sentence]],
    *,
    sources: Sequence[Sentence | None] | None = None,
    seconds: Mapping[str, float] | None = None,
    options: Mapping[str, str] | None = None,
    ignore: Iterable[str] = (),
    keep: int = 200,
    samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare systems on the same sentences.

    Args:
        title: what the sentences are, such as the language.
        gold: the sentences with their true spans.
        predictions: for each system the same sentences with its spans.
        sources: the labelled source of each sentence, for display.
        seconds: for each system the time it took.
        options: for each system the settings it ran with, for display.
        ignore: labels left out on both sides.
        keep: most disagreements that are kept.
        samples, seed: of the bootstrap.

    Raises:
        UsageError: there is no system.
        LengthMismatchError, RecordError: a system's sentences are not those of `gold`.
    """
    if not predictions:
        raise UsageError("there is no system to compare; give at least one")
    ignored = tuple(sorted(ignore))
    counts = {name: count_entities(gold, found, ignored) for name, found in predictions.items()}
    intervals = {name: interval(c.micro_rows(), samples=samples, seed=seed) for name, c in counts.items()}
    best = max(intervals, key=lambda name: intervals[name].value)
    systems = []
    for name, found in predictions.items():
        rows = counts[name].micro_rows(), counts[best].micro_rows()
        systems.append(
            SystemResult(
                name=name,
                scores=counts[name].scores(),
                f1=intervals[name],
                label_f1=_label_intervals(counts[name], samples, seed),
                mistakes=count_mistakes(gold, found, ignored),
                reliability=calibration(gold, found, ignored),
                against_best=None if name == best else difference(*rows, samples=samples, seed=seed),
                seconds=(seconds or {}).get(name),
                options=(options or {}).get(name, ""),
            )
        )
    differing = _differing(list(predictions.values()), frozenset(ignored))
    kept = []
    for n in differing[:keep]:
        own = {name: found[n] for name, found in predictions.items()}
        kept.append(Disagreement(n, gold[n], own, sources[n] if sources else None))
    agreement = _agreement(predictions, ignored)
    return Comparison(title, len(gold), ignored, tuple(systems), agreement, tuple(kept), len(differing))


def _label_intervals(counts: EntityCounts, samples: int, seed: int) -> dict[str, Interval]:
    return {label: interval(counts.table[:, i], samples=samples, seed=seed) for i, label in enumerate(counts.labels)}


def _agreement(
    predictions: Mapping[str, Sequence[Sentence]], ignored: tuple[str, ...]
) -> tuple[tuple[float, ...], ...]:
    outputs = list(predictions.values())
    size = len(outputs)
    matrix = [[1.0] * size for _ in outputs]
    for a in range(size):
        for b in range(a + 1, size):
            micro = count_entities(outputs[a], outputs[b], ignored).scores().micro
            matrix[a][b] = matrix[b][a] = micro.f1 if micro.gold + micro.predicted else 1.0
    return tuple(map(tuple, matrix))


def _differing(outputs: list[Sequence[Sentence]], ignored: frozenset[str]) -> list[int]:
    found = []
    for n, sentences in enumerate(zip(*outputs, strict=True)):
        first = sentences[0]
        for other in sentences[1:]:
            one, two = ({e for e in side if e[2] not in ignored} for side in common_entities(first, other, n))
            if one != two:
                found.append(n)
                break
    return found


def _row(system: SystemResult) -> dict[str, Any]:
    micro = system.scores.micro
    row: dict[str, Any] = {
        "system": system.name,
        "precision": micro.precision,
        "recall": micro.recall,
        "f1": micro.f1,
        "f1_low": system.f1.low,
        "f1_high": system.f1.high,
        **{f"f1_{label}": found.value for label, found in system.label_f1.items()},
        "p_value": system.against_best.p_value if system.against_best else None,
        "projection_ratio": system.scores.projection_ratio,
        "ece": system.reliability.ece if system.reliability.count else None,
        "seconds": system.seconds,
    }
    return row
