"""`spanport systems`, `languages` and `formats`: what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanport.cli.completion import complete_systems
from spanport.cli.console import print_json, show, table

if TYPE_CHECKING:
    from spanport.languages import Language


def add(app: typer.Typer) -> None:
    """Enter the commands."""
    app.command(epilog="Examples: spanport systems; spanport systems ngram")(systems)
    app.command(
        epilog="Examples: spanport languages; spanport languages portuguese; spanport languages --bundle mini"
    )(languages)
    app.command(epilog="Example: spanport formats")(formats)


def systems(
    name: Annotated[
        str | None, typer.Argument(help="Only this system, with its options.", autocompletion=complete_systems)
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All systems with all options, as Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """List the projection systems, or the options of one: values, default and meaning."""
    from spanport.systems.base import system_class
    from spanport.systems.catalogue import catalogue

    if name is not None:
        system_class(name)
    entries = [entry for entry in catalogue() if name in (None, entry.name)]
    if json:
        print_json(
            [{**entry._asdict(), "options": [option._asdict() for option in entry.options]} for entry in entries]
        )
    elif markdown:
        from spanport.report.systems import options_page

        show(options_page(entries))
    elif name is None:
        table(
            ("system", "needs", "what it does"), [(e.name, ", ".join(e.needs), e.about) for e in entries], left=True
        )
    else:
        (entry,) = entries
        show(entry.about)
        if entry.presets:
            show(f"presets: {', '.join(entry.presets)}")
        table(("option", "values", "default", "meaning"), entry.options, left=True)


def languages(
    name: Annotated[str | None, typer.Argument(help="A code, or part of a name or of a code.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Only those that this bundle translates.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the languages by code, with the other names that every command takes."""
    from spanport.errors import UsageError
    from spanport.languages import languages as known
    from spanport.languages import resolve

    found = list(known().values())
    if bundle is not None:
        from spanport.models import Models

        there = set(Models(bundle).languages)
        found = [language for language in found if language.code in there]
    if name is not None:
        part = name.casefold()
        named = [one for one in found if part in _codes(one)] or [
            one for one in found if part in f"{one.code} {one.name} {' '.join(one.aliases)}".casefold()
        ]
        if not named:
            code = resolve(name)  # or an error that suggests the nearest
            named = [language for language in found if language.code == code]
        if not named:
            raise UsageError(f"the bundle {bundle!r} does not translate {name!r}")
        found = named
    if json:
        print_json(found)
    else:
        table(("code", "name", "also"), [(one.code, one.name, " ".join(one.aliases)) for one in found], left=True)


def _codes(language: Language) -> set[str]:
    """What a language is called by its code, or by the short names of ISO 639."""
    code = language.code.casefold()
    return {code, code.partition("_")[0], *(name for name in language.aliases if len(name) <= 3)}


def formats(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """List the formats of files: their endings, whether they are read and written, and the extra they need."""
    from spanport.formats import FORMATS

    columns = ("format", "endings", "way", "extra", "what it is")
    rows = []
    for form in FORMATS.values():
        way = "in and out" if form.read and form.encode else "in" if form.read else "out"
        rows.append((form.name, " ".join(form.endings), way, form.extra, form.about))
    if markdown:
        from spanport.report import markdown_table

        show(markdown_table([dict(zip(columns, row, strict=True)) for row in rows]))
    else:
        table(columns, rows, left=True)
