"""What a projection system is, and the table of those we have.

A system is one file with one class: it says what it needs and turns a batch of jobs into projections. To add one,
write the file, decorate the class with ``@register("name")`` and add the module to ``MODULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from spanport.errors import UsageError
from spanport.stages.batch import Job
from spanport.types import Projection

MODULES = ("ngram", "heuristic")


class System(Protocol):
    """Carries entities over aligned pairs.

    ``options`` is the record type of its options; ``needs_probabilities`` asks for the classifier's view of the
    target, at the price of the logits in the same forward pass.
    """

    options: ClassVar[type[msgspec.Struct]]
    needs_probabilities: ClassVar[bool]

    def __init__(self, options: Any) -> None: ...
    def project(self, jobs: Sequence[Job]) -> list[Projection]:
        """One projection per job, in order."""


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


def make_system(name: str, options: msgspec.Struct | dict[str, Any] | None = None) -> System:
    """The system called ``name``; options as its own record, as a mapping, or None for the defaults.

    Raises UsageError for an unknown name or an option that does not fit.
    """
    if name not in system_names():
        raise UsageError(f"unknown system {name!r}; there are {', '.join(system_names())}")
    cls = _table[name]
    try:
        record = options if isinstance(options, cls.options) else msgspec.convert(options or {}, cls.options)
    except msgspec.ValidationError as error:
        raise UsageError(f"options of system {name!r}: {error}") from error
    return cls(record)
