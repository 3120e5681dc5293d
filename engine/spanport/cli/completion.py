"""What a shell offers for the values of options; nothing is imported before it asks."""

from __future__ import annotations

from collections.abc import Iterable


def complete_systems(incomplete: str) -> list[str]:
    """Systems by name."""
    from spanport.systems.base import system_names

    return _starting(system_names(), incomplete)


def complete_languages(incomplete: str) -> list[tuple[str, str]]:
    """Codes of languages with their names; a name may be begun as well as a code."""
    from spanport.languages import languages

    begun = incomplete.casefold()
    return [
        (one.code, one.name)
        for one in languages().values()
        if one.code.casefold().startswith(begun) or one.name.casefold().startswith(begun)
    ]


def complete_bundles(incomplete: str) -> list[str]:
    """Bundles that are on this machine."""
    from spanport_models import list_models

    return _starting([entry.name for entry in list_models() if entry.shipped or entry.path], incomplete)


def complete_aligners(incomplete: str) -> list[str]:
    """Word aligners."""
    from spanport.options import ALIGNERS

    return _starting(["hybrid", *ALIGNERS], incomplete)


def complete_formats(incomplete: str) -> list[str]:
    """Formats of files."""
    from spanport.formats import FORMATS

    return _starting(FORMATS, incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
