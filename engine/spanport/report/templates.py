"""Pages and drawings from the templates of this package, everything escaped that is not a template's own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spanport.shown import counted

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@cache
def environment() -> Environment:
    """The templates, autoescape on; a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("spanport.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"figure": figure, "counted": counted}
    return made


def figure(value: float | None) -> str:
    """A fraction with four decimals; nothing for None."""
    return "" if value is None else f"{value:.4f}"


def fill(name: str, **context: Any) -> str:
    """The document that a template makes of its context."""
    return environment().get_template(name).render(context)


def draw(name: str, macro: str, *arguments: Any) -> Markup:
    """What one macro of a template makes of its arguments."""
    made: Markup = getattr(environment().get_template(name).module, macro)(*arguments)
    return made
