"""A request to train: what was given, read, and checked against what the method needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from spanport.errors import UsageError
from spanport.training.inputs import Notes, Set, Text, digest_of, read_labelled, read_pairs, read_text, without
from spanport.training.lessons import LessonOptions
from spanport.types import Pair, Sentence

Select = Literal["", "target-dev"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What `train` was asked for; see there."""

    lang: str
    out: str
    labelled: Sequence[Text] = ()
    text: Text | None = None
    parallel: Sequence[str] = ()
    projected: Text | None = None
    method: str = "self"
    base: str = ""
    bundle: str = "mini"
    source_lang: str = "eng_Latn"
    drop_labels: Sequence[str] = ()
    dev: Text | None = None
    test: Text | None = None
    select: Select = ""
    fresh: bool = False
    method_options: dict[str, Any] = {}
    lessons: LessonOptions = LessonOptions()
    options: Any = None


class Data:
    """The data of an order.

    Attributes:
        labelled: The labelled sources.
        pairs: Parallel sentences.
        text: Target sentences without labels.
        given: Target sentences that came with projected labels.
        gold: `dev` and `test`, where they are given.
        named: All labels of what is learned from, those that are dropped too.
        inputs: A row for each file, for the report.

    Raises:
        UsageError: An input is unfit; see `spanport.training.inputs`.
        LengthMismatchError: Parallel files have different lengths.
    """

    def __init__(self, order: Order, notes: Notes) -> None:
        self.order, self.notes = order, notes
        self._read(notes)

    @property
    def sets(self) -> list[Set]:
        """Everything that came with labels to learn from."""
        return [*self.labelled, *([self.given] if self.given else [])]

    @property
    def targets(self) -> list[Sentence]:
        """All target sentences: those of the pairs, the text, and those with projected labels."""
        return [*(pair.target for pair in self.pairs), *self.text, *(self.given.sentences if self.given else [])]

    def digest(self, *told: Any) -> str:
        """SHA-256 over the sentences and what else is told."""
        return digest_of(told, self.labelled, self.text, self.pairs, self.given, self.gold)

    def _read(self, notes: Notes) -> None:
        order, dropped = self.order, frozenset(self.order.drop_labels)
        read = [read_labelled(one, notes) for one in order.labelled]
        self.labelled = [one._replace(sentences=without(one.sentences, dropped)) for one in read]
        self.named = frozenset[str]().union(*map(kinds_of, read))
        self.inputs = [_row("labelled", one) for one in read]
        self.pairs: list[Pair] = []
        self.text: list[Sentence] = []
        if order.parallel:
            if len(order.parallel) not in (2, 3):
                shown = " ".join(order.parallel)
                raise UsageError(f"--parallel {shown}: expected SOURCE TARGET or SOURCE TARGET LINKS")
            source, target, *links = order.parallel
            name, self.pairs = read_pairs(
                source, target, links[0] if links else None, order.source_lang, order.lang, notes
            )
            self.named |= {span.label for pair in self.pairs for span in pair.source.spans}
            sources = without((pair.source for pair in self.pairs), dropped)
            self.pairs = [replace(pair, source=one) for pair, one in zip(self.pairs, sources, strict=True)]
            self.inputs.append(_row("parallel", Set(name, order.lang, [pair.target for pair in self.pairs])))
        if order.text is not None:
            text = read_text(order.text, order.lang, notes)
            self.text = text.sentences
            self.inputs.append(_row("text", text))
        self.given = None
        if order.projected is not None:
            given = read_labelled(order.projected, notes, order.lang)
            self.named |= kinds_of(given)
            self.given = given._replace(sentences=without(given.sentences, dropped))
            self.inputs.append(_row("projected", given))
        self.gold = {
            name: read_labelled(one, notes, order.lang)
            for name, one in (("dev", order.dev), ("test", order.test))
            if one is not None
        }
        self.inputs += [_row(name, one) for name, one in self.gold.items()]

    def require(self, needs: frozenset[str]) -> None:
        """Raise UsageError where the method needs what was not given."""
        there = {
            "labelled": ("--labelled FILE", bool(self.labelled)),
            "projected": ("--text, --parallel or --projected", bool(self.text or self.pairs or self.given)),
            "text": ("--text, --parallel or --projected", bool(self.text or self.pairs or self.given)),
            "origins": ("--text or --parallel", bool(self.text or self.pairs)),
        }
        for need in sorted(needs):
            what, given = there[need]
            if not given:
                raise UsageError(f"method {self.order.method!r} needs {what}")
        if self.text and self.pairs and "projected" in needs:
            raise UsageError("--text and --parallel together: labels are carried over one of them; give one")
        if self.targets and not needs & {"projected", "text", "origins"}:
            self.notes.add(f"method {self.order.method!r} learns from --labelled alone: the text is not learned from")
        if self.order.select == "target-dev" and "dev" not in self.gold:
            raise UsageError("--select target-dev needs --dev FILE")


def claim(work: Path, request: str) -> None:
    """Make the work folder that of a request.

    Raises:
        UsageError: It holds a stopped run of another one, or cannot be made.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {work}: {error.strerror}; choose another place with -o") from error
    mark = work / "request"
    if mark.exists() and mark.read_text() != request:
        raise UsageError(
            f"{work} holds a stopped run of other inputs or options; run that command again, or pass --fresh"
        )
    mark.write_text(request)


def kinds_of(found: Set) -> frozenset[str]:
    """The labels of a set's spans."""
    return frozenset(span.label for sentence in found.sentences for span in sentence.spans)


def _row(role: str, found: Set) -> dict[str, Any]:
    return {
        "role": role,
        "name": Path(found.name).name,
        "language": found.language,
        "sentences": len(found.sentences),
        "digest": digest_of(found.sentences),
    }
