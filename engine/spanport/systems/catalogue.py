"""What systems there are, read off their classes: what each does, what it needs, its options and their meaning."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from spanport.options import SystemOptions
from spanport.systems.base import make_system, system_class, system_names


class Option(NamedTuple):
    """An option of a system: the values it takes, its default as JSON has it, and what it does."""

    name: str
    values: str
    default: str
    meaning: str


class Entry(NamedTuple):
    """A system: what it does, what it needs with its default options, its options and presets."""

    name: str
    about: str
    needs: tuple[str, ...]
    options: tuple[Option, ...]
    presets: tuple[str, ...]


def catalogue() -> list[Entry]:
    """All systems, by name."""
    return [_entry(name) for name in system_names()]


def _entry(name: str) -> Entry:
    system = system_class(name)
    about = inspect.getdoc(system) or ""
    return Entry(
        name,
        " ".join(about.split("\n\n")[0].split()),
        tuple(sorted(make_system(name).needs)),
        tuple(_options(system.options)),
        tuple(getattr(system, "presets", ())),
    )


def _options(record: type[msgspec.Struct]) -> Iterator[Option]:
    """The fields of a record, its own before those that every system has."""
    meanings = _meanings(record)
    inherited = set(SystemOptions.__struct_fields__)
    for field in sorted(msgspec.structs.fields(record), key=lambda field: field.name in inherited):
        default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        written = msgspec.json.encode(default).decode()
        yield Option(
            field.name, _values(msgspec.inspect.type_info(field.type)), written, meanings.get(field.name, "")
        )


def _meanings(record: type[msgspec.Struct]) -> dict[str, str]:
    """The string under each field, of the record and of those it is made from."""
    found: dict[str, str] = {}
    for cls in [cls for cls in reversed(record.__mro__) if issubclass(cls, SystemOptions)]:
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[ast.unparse(field.target)] = " ".join(str(text.value.value).replace("``", "`").split())
    return found


def _values(info: Any) -> str:
    """The values of a type, in words."""
    inspect_ = msgspec.inspect
    if isinstance(info, inspect_.UnionType):
        return " or ".join(sorted((_values(kind) for kind in info.types), key=lambda words: words == "null"))
    if isinstance(info, inspect_.LiteralType):
        return " or ".join(map(str, info.values))
    if isinstance(info, inspect_.IntType | inspect_.FloatType):
        return " ".join(["whole number" if isinstance(info, inspect_.IntType) else "number", *_bounds(info)])
    if isinstance(info, inspect_.VarTupleType):
        return f"list of {_values(info.item_type)}s"
    names: dict[type, str] = {
        inspect_.BoolType: "true or false",
        inspect_.StrType: "string",
        inspect_.NoneType: "null",
    }
    return names.get(type(info), "options of that system")


def _bounds(info: Any) -> Iterator[str]:
    if info.ge is not None and info.le is not None:
        yield f"from {info.ge:g} to {info.le:g}"
    elif info.ge is not None:
        yield f"of {info.ge:g} or more"
