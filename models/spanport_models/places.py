"""Folders of the user's own models and caches."""

import os
from pathlib import Path


def models_folder() -> Path:
    """Where fetched and exported bundles live: ``$SPANPORT_HOME/models`` or the XDG data folder."""
    return _home("XDG_DATA_HOME", ".local/share") / "models"


def folder_of(name: str) -> Path:
    """Where the bundle of a name lies in `models_folder`; "owner/model" in the folder "owner--model".

    The hub allows no "--" in names, so that no two names share a folder.
    """
    return models_folder() / name.replace("/", "--")


def name_of(folder: Path) -> str:
    """The inverse of `folder_of`."""
    return folder.name.replace("--", "/", 1)


def cache_folder() -> Path:
    """Where what can be made again is kept: ``$SPANPORT_HOME/cache`` or the XDG cache folder."""
    if "SPANPORT_HOME" in os.environ:
        return Path(os.environ["SPANPORT_HOME"]) / "cache"
    return _home("XDG_CACHE_HOME", ".cache")


def _home(variable: str, default: str) -> Path:
    if "SPANPORT_HOME" in os.environ:
        return Path(os.environ["SPANPORT_HOME"])
    return Path(os.environ.get(variable) or Path.home() / default) / "spanport"
