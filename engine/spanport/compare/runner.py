"""Running systems side by side: every sentence is translated, encoded and aligned once for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from spanport.compare.data import DataSet
from spanport.compare.specs import SystemSpec, describe, union_of_needs
from spanport.errors import LanguageError
from spanport.evaluate import Comparison, compare
from spanport.options import SystemOptions
from spanport.stream import Done, Failed
from spanport.systems.base import System, run_system
from spanport.types import Pair, Projection, Sentence, Span
from spanport.work import Work

if TYPE_CHECKING:
    from spanport.api import Engine


class Outcomes(msgspec.Struct):
    """What the systems made of the sentences, in order, and the seconds that each took.

    ``shared`` is the time of what they share (translation, encoding, alignment); ``failed`` the records that could
    not be processed, by their number, whose predictions are empty.
    """

    predictions: dict[str, list[Sentence]]
    sources: list[Sentence | None]
    seconds: dict[str, float]
    shared: float
    failed: dict[int, Exception]
    options: dict[str, str]


class Together:
    """Several systems as one: needs what any of them needs, and runs each on the same records."""

    options: ClassVar = SystemOptions

    def __init__(self, systems: Mapping[str, System]) -> None:
        self.settings = SystemOptions()
        self.systems = systems
        self.seconds = dict.fromkeys(systems, 0.0)

    @property
    def needs(self) -> frozenset[Any]:
        """Everything that any system needs."""
        return union_of_needs(list(self.systems.values()))

    def project(self, works: Sequence[Work]) -> list[Any]:
        """For each job the projections of all systems, by title."""
        columns = {}
        for title, system in self.systems.items():
            start = time.perf_counter()
            columns[title] = run_system(system, works)
            self.seconds[title] += time.perf_counter() - start
        return [{title: column[b] for title, column in columns.items()} for b in range(len(works))]


class Through:
    """Needs what any system may need of the steps before, and hands the records on."""

    options: ClassVar = SystemOptions
    needs: ClassVar = frozenset[Any]({"source", "links", "probabilities"})
    settings: ClassVar = SystemOptions()

    def project(self, works: Sequence[Work]) -> list[Any]:
        """The records."""
        return list(works)


def warm_up(engine: Engine, specs: Sequence[SystemSpec]) -> None:
    """Load the models and compile the kernels that the systems use, so that the first data set is not charged."""
    import numpy as np

    together = Together({spec.title: spec.make(engine.tools()) for spec in specs})
    word = Sentence("Ana", "", ((0, 3),), (Span(0, 3, "PER"),))
    view = None
    if "probabilities" in together.needs:
        view = np.full((1, len(engine.models.encoder().labels)), 0.1, np.float32)
    work = Work(word, word, np.zeros((1, 2), np.int32), view, view)
    for system in together.systems.values():
        if "translator" not in system.needs:
            run_system(system, [work])


def run_systems(
    engine: Engine,
    data: DataSet,
    specs: Sequence[SystemSpec],
    *,
    pivot: str = "eng_Latn",
    label_source: bool = False,
    progress: Any = None,
) -> Outcomes:
    """Run systems on a data set.

    Without sources the gold texts (their labels hidden) are translated into ``pivot`` and labelled there; with
    sources their labels are projected, or with ``label_source`` those that the bundle's classifier finds.
    ``progress`` is called after each sentence. Raises LanguageError when the bundle lacks a language.
    """
    tools = engine.tools(translated=data.pairs is None)
    together = Together({spec.title: spec.make(tools) for spec in specs})
    start = time.perf_counter()
    found = Outcomes({spec.title: [] for spec in specs}, [], together.seconds, 0.0, {}, describe(together.systems))
    with closing(_stream(engine, data, together, pivot, label_source)) as outcomes:
        for number, outcome in enumerate(outcomes):
            _collect(found, number, data.gold[number], outcome)
            if progress is not None:
                progress()
    found.shared = time.perf_counter() - start - sum(together.seconds.values())
    return found


def collect_works(
    engine: Engine, data: DataSet, *, label_source: bool = False, told: Callable[[int], None] | None = None
) -> tuple[DataSet, list[Work]]:
    """The records that systems would see, links and the classifier's views of both sides included.

    Records that cannot be processed are left out of the data set that comes with them. ``told`` is told after each
    record how many are through.
    """
    found = {}
    with closing(_stream(engine, data, Through(), "eng_Latn", label_source)) as outcomes:
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, Done):
                found[number] = outcome.value
            if told:
                told(number + 1)
    pairs = data.pairs and [data.pairs[number] for number in found]
    return data._replace(gold=[data.gold[number] for number in found], pairs=pairs), list(found.values())


def _stream(engine: Engine, data: DataSet, system: Any, pivot: str, label_source: bool) -> Any:
    job = engine.job(
        "label" if data.pairs is None else "project",
        language=data.language,
        pivot=pivot,
        system=system,
        aligned=data.aligned,
        label_source=label_source,
    )
    return engine.run(job, _records(data), system=system)


def compare_systems(data: DataSet, found: Outcomes, *, ignore: Iterable[str] = (), keep: int = 200) -> Comparison:
    """The figures of outcomes against gold; see `spanport.evaluate.compare`."""
    return compare(
        data.title,
        data.gold,
        found.predictions,
        sources=found.sources,
        seconds=found.seconds,
        options=found.options,
        ignore=ignore,
        keep=keep,
    )


def _records(data: DataSet) -> Iterator[Sentence | Pair]:
    """The records without their gold labels."""
    for i, gold in enumerate(data.gold):
        hidden = msgspec.structs.replace(gold, spans=())
        yield hidden if data.pairs is None else msgspec.structs.replace(data.pairs[i], target=hidden)


def _collect(found: Outcomes, number: int, gold: Sentence, outcome: Done | Failed) -> None:
    if isinstance(outcome, Failed):
        if isinstance(outcome.error, LanguageError):  # no fault of the record: all of them would fail
            raise outcome.error
        found.failed[number] = outcome.error
        found.sources.append(None)
        for rows in found.predictions.values():
            rows.append(msgspec.structs.replace(gold, spans=()))
        return
    projections: dict[str, Projection] = outcome.value
    for title, projection in projections.items():
        found.predictions[title].append(projection.labelled())
    found.sources.append(next(iter(projections.values())).source)
