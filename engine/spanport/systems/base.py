"""What a projection system is, and the table of those we have.

A system is one file with one class: it says what it needs and turns a batch of records into projections (a `Matcher`
does so from arrays). To add one, write the file, decorate the class with ``@register("name")`` and add the module to
``MODULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

import msgspec

from spanport.errors import UsageError, suggestion
from spanport.matching.batch import PairBatch, pack, unpack
from spanport.options import SystemOptions
from spanport.systems.tools import Tools
from spanport.types import Projection
from spanport.work import Work

if TYPE_CHECKING:
    from spanport_kernels.matching import Matching

MODULES = (
    "ngram",
    "ner_candidates",
    "aligned_ranges",
    "ilp",
    "heuristic",
    "easy_label_projection",
    "span_filling",
    "model_transfer",
    "marked.backtranslation",
    "calibrated.system",
    "marked.codec",
    "marked.easyproject",
    "ensemble",
    "multi_source",
    "translate_train",
    "t_projection",
)

Need = Literal["source", "links", "probabilities", "translator"]
"""What a system asks of the steps before it.

``source``: the labelled source sentence (without it, `Work.source` may be empty); ``links``: word links between the
two; ``probabilities``: the classifier's view of both sides, at the price of the logits in the same forward pass;
``translator``: the bundle's translator, through `Tools`.
"""


class System(Protocol):
    """Carries entities over to target sentences.

    ``options`` is the record type of its options, ``settings`` the record it was made with, ``needs`` what it asks
    for (a class variable, or a property where it depends on the settings). A system may also have ``presets``, a
    class variable from names to records of options: its own, or those of a sibling that carries the preset out.
    """

    options: ClassVar[type[SystemOptions]]

    def __init__(self, settings: Any, tools: Tools) -> None: ...
    @property
    def settings(self) -> SystemOptions: ...
    @property
    def needs(self) -> frozenset[Need]: ...
    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order."""


class Matcher:
    """A system that matches a packed batch: what it finds are target ranges of the entities, as arrays."""

    def match(self, batch: PairBatch) -> Matching:
        """The matched ranges; of the batch's records, `PairBatch.works`, it reads what it asked for besides links."""
        raise NotImplementedError

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order."""
        batch = pack(works)
        return unpack(batch, self.match(batch))


_table: dict[str, type[System]] = {}
S = TypeVar("S", bound=type[Any])


def register(name: str) -> Callable[[S], S]:
    """Class decorator: enter a system into the table under ``name``."""

    def enter(cls: S) -> S:
        _table[name] = cls
        return cls

    return enter


def system_names() -> tuple[str, ...]:
    """The names of all systems, sorted."""
    for module in MODULES:
        import_module(f"spanport.systems.{module}")
    return tuple(sorted(_table))


def system_class(name: str) -> type[System]:
    """The class of a system. Raises UsageError for an unknown name."""
    if name not in system_names():
        raise UsageError(
            f"unknown system {name!r}{suggestion(name, system_names())}; there are {', '.join(system_names())}"
        )
    return _table[name]


def make_system(
    name: str, options: msgspec.Struct | dict[str, Any] | None = None, tools: Tools | None = None
) -> System:
    """The system called ``name``, with options as for `system_settings`."""
    settings = system_settings(name, options)
    cls = _table[name]
    if type(settings) is not cls.options:
        cls = next(system for system in _table.values() if system.options is type(settings))
    return cls(settings, tools or Tools())


def system_settings(name: str, options: msgspec.Struct | dict[str, Any] | None = None) -> SystemOptions:
    """The options of a system, given as its own record, as a mapping, or None for the defaults.

    A mapping may name a ``preset``; its other entries then replace what the preset says.
    Raises UsageError for an unknown name or an option that does not fit.
    """
    cls = system_class(name)
    if isinstance(options, cls.options):
        return options
    given, record = msgspec.to_builtins(options or {}), cls.options
    if "preset" in given:
        preset = _preset(name, cls, given.pop("preset"))
        given, record = {**msgspec.to_builtins(preset), **given}, type(preset)
    for option in given:
        if option not in (known := record.__struct_fields__):
            raise UsageError(
                f"system {name!r} has no option {option!r}{suggestion(option, known)}; it has {', '.join(known)}"
            )
    try:
        return record.of(given)
    except UsageError as error:
        raise UsageError(f"options of system {name!r}: {error}") from error


def _preset(name: str, cls: type[System], preset: str) -> SystemOptions:
    presets: Mapping[str, SystemOptions] = getattr(cls, "presets", {})
    if preset not in presets:
        there = ", ".join(presets) or "none"
        raise UsageError(f"system {name!r} has no preset {preset!r}{suggestion(preset, presets)}; there are {there}")
    return presets[preset]


def makes_targets(system: System) -> bool:
    """Whether the system writes its own targets instead of labelling given ones."""
    return bool(getattr(system, "makes_targets", False))


def run_system(system: System, works: Sequence[Work]) -> list[Projection]:
    """One projection per work, with the label policy of the system's settings applied.

    Labels to drop go before the matching (they cannot block or overwrite others) or after it
    (arXiv 2501.18750 drops MISC after, the thesis before).
    """
    drop = frozenset(system.settings.drop_labels)
    if not drop:
        return system.project(works)
    if system.settings.drop == "before":
        works = [_without(work, drop) for work in works]
    return [
        msgspec.structs.replace(found, spans=tuple(span for span in found.spans if span.label not in drop))
        for found in system.project(works)
    ]


def _without(work: Work, labels: frozenset[str]) -> Work:
    spans = tuple(span for span in work.source.spans if span.label not in labels)
    return msgspec.structs.replace(work, source=msgspec.structs.replace(work.source, spans=spans))
