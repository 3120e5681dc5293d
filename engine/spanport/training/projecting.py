"""Carrying labels onto target text for training, once, and again with a student's view of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from spanport.api import Engine
from spanport.compare import DataSet, collect_works
from spanport.errors import UsageError
from spanport.options import StreamOptions
from spanport.ports import Float32
from spanport.shown import counted
from spanport.systems.base import make_system
from spanport.training.inputs import Notes
from spanport.training.lessons import gold_example, projected_examples
from spanport.training.request import Data, Order
from spanport.work import Work

if TYPE_CHECKING:
    from spanport.systems.calibrated.system import Calibrated
    from spanport_models.training import Example

_SAY_SECONDS = 15.0


def _pace(total: int, say: Callable[[str], None]) -> Callable[[int], None]:
    """Says now and then how many sentences are labelled, and how long the others will take."""
    started = said = time.monotonic()

    def tell(count: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _SAY_SECONDS and count < total:
            said, left = now, (now - started) / count * (total - count)
            say(f"labelled {count:,} of {total:,} sentences, {left / 60:.1f} minutes left")

    return tell


class Projector:
    """Target sentences, what links them to labels, and the lessons they give.

    The sentences are those of the pairs, whose sources the bundle labels where none has a label; without pairs they
    are those of the text, which is translated and labelled on the way.
    """

    def __init__(self, order: Order, data: Data, notes: Notes, say: Callable[[str], None]) -> None:
        self.bundle, self.language, self.options = order.bundle, order.lang, order.lessons
        self.text, self.pairs, self.say, self.notes = data.text, data.pairs, say, notes
        self.label_source = not any(pair.source.spans for pair in self.pairs)

    @cached_property
    def engine(self) -> Engine:
        """The engine, its batches by the input alone."""
        return Engine.from_bundle(self.bundle, device="cpu", threads=1, stream=StreamOptions(linger=None))

    @cached_property
    def works(self) -> list[Work]:
        """Every sentence with its labelled source, its links and the classifier's views.

        Raises UsageError when no sentence can be processed.
        """
        targets = [pair.target for pair in self.pairs] or list(self.text)
        self.say(f"labelling {len(targets):,} sentences with the bundle {self.bundle}")
        given = list(self.pairs) or None
        aligned = bool(given) and all(pair.alignment is not None for pair in self.pairs)
        data = DataSet("text", self.language, targets, given, aligned, [])
        told = _pace(len(targets), self.say)
        kept, works = collect_works(self.engine, data, label_source=bool(given) and self.label_source, told=told)
        if not works:
            raise UsageError(f"none of {len(targets)} sentences can be labelled by the bundle {self.bundle}")
        if len(works) < len(targets):
            lost = counted(len(targets) - len(kept.gold), "sentence")
            self.notes.add(f"{lost} left out, which cannot be labelled")
        return works

    @cached_property
    def system(self) -> Calibrated:
        """`calibrated`; without the classifier's view where it does not know the labels of the sources."""
        if not self.views:
            self.notes.add("the bundle's classifier does not know all labels: spans are weighed by their links alone")
        tools = self.engine.tools(translated=not self.pairs)
        return cast("Calibrated", make_system("calibrated", {"view": self.views}, tools))

    @cached_property
    def first(self) -> Calibrated:
        """What carries the first labels over: without the view of a classifier that has not seen the language."""
        if not self.system.settings.view or self.system.sees(self.language):
            return self.system
        self.notes.add(f"the bundle's classifier has not seen {self.language}: the first labels are by links alone")
        tools = self.engine.tools(translated=not self.pairs)
        return cast("Calibrated", make_system("calibrated", {"view": False}, tools))

    def lessons(self, tags: Sequence[str], domain: int, *, soft: bool) -> list[Example]:
        """What the projected labels teach."""
        return self._taught(self.works, self.first, tags, domain, soft)

    def origins(self, tags: Sequence[str], domain: int) -> list[Example]:
        """The labelled sources of the sentences, in the same order."""
        kinds = self.kinds
        return [gold_example(work.source, tags, kinds, domain) for work in self.works]

    def relabelled(self, views: Sequence[Float32], tags: Sequence[str], domain: int, *, soft: bool) -> list[Example]:
        """The lessons when the classifier's view is a student's: float32 (W, L) a sentence."""
        theirs = self.engine.models.encoder().labels
        columns = [tags.index(label) if label in tags else -1 for label in theirs]
        known = [column for column in columns if column >= 0]
        works = []
        for work, view in zip(self.works, views, strict=True):
            seen = view[:, columns]
            seen[:, [column < 0 for column in columns]] = 0.0
            seen[:, theirs.index("O")] += 1 - view[:, known].sum(1)
            works.append(replace(work, probabilities=seen))
        return self._taught(works, self.system, tags, domain, soft)

    def _taught(
        self, works: Sequence[Work], system: Calibrated, tags: Sequence[str], domain: int, soft: bool
    ) -> list[Example]:
        return projected_examples(works, system, tags, self.options, soft=soft, domain=domain, kinds=self.kinds)

    @property
    def views(self) -> bool:
        """Whether a classifier's view helps: it has to know all labels of the sources."""
        return self.kinds <= self._read

    @property
    def _read(self) -> frozenset[str]:
        return frozenset(label[2:] for label in self.engine.models.encoder().labels if label != "O")

    @property
    def kinds(self) -> frozenset[str]:
        """The labels of the sources: those given, or those of the bundle's classifier."""
        if self.pairs and not self.label_source:
            return frozenset(span.label for pair in self.pairs for span in pair.source.spans)
        return self._read
