"""What a training method is, and the table of those we have.

A method is one file with one class: it says what it needs, what it fits, and trains a network with a `Run`. To add
one, write the file, decorate the class with `@register("name")` and add the module to `MODULES`.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import msgspec

from spanport_models.errors import ModelError, suggestion
from spanport_models.training.network import Network
from spanport_models.training.options import Material, MethodOptions
from spanport_models.training.run import Run

MODULES = (
    "direct",
    "projected",
    "teacher",
    "multi",
    "unitrans",
    "advpicker",
    "concner",
    "colada",
    "selftrain",
)

Need = Literal["labelled", "projected", "text", "origins"]
"""`labelled`: labelled sentences of other languages; `projected`: target sentences with labels carried over;
`text`: target sentences, labelled or not; `origins`: the sentences that the projected ones translate."""


class Method(Protocol):
    """Makes a tagger.

    `options` is the record type of its options; `needs` and `soft` are what its material must have: soft
    targets are distributions over labels, others name one label each.
    """

    options: ClassVar[type[MethodOptions]]

    def __init__(self, settings: Any) -> None: ...
    @property
    def settings(self) -> MethodOptions: ...
    @property
    def needs(self) -> frozenset[Need]: ...
    @property
    def soft(self) -> bool: ...
    def fits(self, material: Material) -> dict[str, int]:
        """The fits, in order, and the words that each passes over in an epoch."""

    def train(self, material: Material, run: Run) -> Network:
        """The tagger."""


_table: dict[str, type[Method]] = {}
M = TypeVar("M", bound=type[Any])


def register(name: str) -> Callable[[M], M]:
    """Class decorator: enter a method into the table under `name`."""

    def enter(cls: M) -> M:
        _table[name] = cls
        return cls

    return enter


def method_names() -> tuple[str, ...]:
    """The names of all methods, sorted."""
    for module in MODULES:
        import_module(f"spanport_models.training.methods.{module}")
    return tuple(sorted(_table))


def make_method(name: str, options: Mapping[str, Any] | None = None) -> Method:
    """The method of a name, with its options as a mapping.

    Raises:
        ModelError: There is no such method, or an option does not fit.
    """
    if name not in method_names():
        known = ", ".join(sorted(_table))
        raise ModelError(f"unknown method {name!r}{suggestion(name, _table)}", expected=f"one of: {known}")
    cls, given = _table[name], dict(options or {})
    fields = cls.options.__struct_fields__
    for option in given:
        if option not in fields:
            raise ModelError(
                f"method {name!r} has no option {option!r}{suggestion(option, fields)}",
                expected=f"one of: {', '.join(fields)}" if fields else "no option: it has none",
            )
    try:
        return cls(msgspec.convert(given, cls.options))
    except msgspec.ValidationError as error:
        option = next((field for field in fields if f"`$.{field}" in str(error)), "")
        choices = " or ".join(_choices(cls.options, option))
        raise ModelError(f"options of method {name!r}: {error}", expected=choices) from error


def _choices(options: type[MethodOptions], name: str) -> list[str]:
    """The words that an option can be."""
    kinds = [field.type for field in msgspec.structs.fields(options) if field.name == name]
    infos = [msgspec.inspect.type_info(kind) for kind in kinds]
    flat = [one for info in infos for one in getattr(info, "types", (info,))]
    return [str(value) for one in flat if isinstance(one, msgspec.inspect.LiteralType) for value in one.values]
