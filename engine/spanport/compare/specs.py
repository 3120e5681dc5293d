"""Systems as they are named on a command line: ``ngram``, ``ngram:score=pairs:solver=greedy``, ``all``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from spanport.checked import parse_option
from spanport.errors import UsageError
from spanport.systems.base import System, make_system, makes_targets, system_names
from spanport.systems.tools import Tools

LEFT_OUT = frozenset({"codec", "t-projection"})
"""Left out of ``all``, one for its time and one for its file of candidates; name them to have them."""


class SystemSpec(NamedTuple):
    """A system with the options it is to run with; ``title`` is what it is called in the results."""

    title: str
    name: str
    options: Mapping[str, Any]

    def make(self, tools: Tools | None = None) -> System:
        """The system. Raises UsageError for an unknown name or option."""
        return make_system(self.name, dict(self.options), tools)


def parse_systems(text: str) -> list[SystemSpec]:
    """Specifications separated by commas, each a name with ``:option=value`` after it as often as wanted.

    Values are read as JSON where they are, else as strings. ``all`` stands for every system that labels a given
    target, with its defaults, but `LEFT_OUT`.

    Raises:
        UsageError: a name or an option is unknown, or one is given twice.
    """
    specs: dict[str, SystemSpec] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        new = _all() if item == "all" else [_parse(item)]
        for spec in new:
            if item != "all" and spec.title in specs:
                raise UsageError(f"system {spec.title!r} is given twice")
            specs.setdefault(spec.title, spec)
    if not specs:
        raise UsageError(f"no system in {text!r}; name some, separated by commas: {', '.join(system_names())}")
    for spec in specs.values():
        if makes_targets(spec.make()):
            raise UsageError(
                f"{spec.name} translates labelled text and labels the translation, so there is no gold to compare it "
                "with; run it with spanport project"
            )
    return list(specs.values())


def _all() -> list[SystemSpec]:
    names = [name for name in system_names() if name not in LEFT_OUT]
    return [SystemSpec(name, name, {}) for name in names if not makes_targets(make_system(name))]


def _parse(item: str) -> SystemSpec:
    name, *settings = item.split(":")
    return SystemSpec(item, name, dict(map(parse_option, settings)))


def describe(systems: Mapping[str, System]) -> dict[str, str]:
    """The settings of each system as JSON, to be recorded with its figures."""
    return {title: msgspec.json.encode(system.settings).decode() for title, system in systems.items()}


def union_of_needs(systems: Sequence[System]) -> frozenset[Any]:
    """Everything that any of the systems needs."""
    needs: frozenset[Any] = frozenset()
    return needs.union(*(system.needs for system in systems))
