"""Libraries that come with extras of spanport."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from spanport.errors import RuntimeMissingError

LIBRARIES = {
    "parquet": "pyarrow",
    "datasets": "datasets",
    "spacy": "spacy",
    "zst": "zstandard",
    "sentences": "sentencex",
}
"""What each extra brings."""


def check_library(extra: str) -> None:
    """Raise RuntimeMissingError where the library of an extra cannot be loaded; nothing happens for no extra."""
    if extra:
        library(LIBRARIES[extra], extra)


def library(name: str, extra: str) -> Any:
    """The module called ``name``.

    Raises:
        RuntimeMissingError: it is not installed, or cannot be loaded; the message names the extra.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise RuntimeMissingError(
            f"this needs {name.partition('.')[0]}, which cannot be loaded ({error})",
            remedy=f"Install it with: pip install 'spanport[{extra}]'",
        ) from error
