"""Records whose values are checked wherever they are made: in Python, on the command line, or from a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Self

import msgspec

from spanport.errors import UsageError

Natural = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A record whose values are checked when it is made; raises UsageError for one that does not fit."""

    def __post_init__(self) -> None:
        for name, kind in _kinds(type(self)).items():
            _checked(name, getattr(self, name), kind)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The record with these values, as JSON has them (lists for tuples); defaults stand for the rest."""
        kinds = _kinds(cls)
        return cls(**{name: _checked(name, value, kinds[name]) for name, value in given.items()})


@cache
def _kinds(record: type[Checked]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(record)}


def _checked(name: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value.item() if hasattr(value, "item") else value, kind)  # numpy's numbers will do
    except msgspec.ValidationError as error:
        info = msgspec.inspect.type_info(kind)
        choices = info.values if isinstance(info, msgspec.inspect.LiteralType) else ()
        wanted = " or ".join(map(repr, choices)) or str(error).replace("`", "").removeprefix("Expected ")
        raise UsageError(f"{name}={value!r}: expected {wanted}") from error


def parse_option(text: str) -> tuple[str, Any]:
    """The name and the value of ``NAME=VALUE``: JSON where it is, a number as Python writes it, else a string.

    Raises UsageError where there is no ``=``.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"{text!r}: expected NAME=VALUE, such as max_length=5 or threshold=null")
    for read in (msgspec.json.decode, float):
        try:
            return name, read(value)
        except ValueError:
            continue
    return name, value
