"""Names of models: where their bundles lie, and what the models of the papers are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spanport_models.errors import UnknownModelError
from spanport_models.manifest import MANIFEST_NAME
from spanport_models.places import models_folder

_PACKAGE = Path(__file__).parent
_SHIPPED = ("mini",)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model that can be fetched from the Hugging Face hub and exported.

    Attributes:
        name: Our name for it.
        kind: "encoder", "translator" (both need an export) or "ctranslate2" (already converted).
        repository: Name on the hub.
        revision: Commit, tag or branch that is fetched.
        licence: SPDX identifier, or the licence's name on the hub.
        commercial: Whether the licence allows commercial use.
        download_bytes: Size of the weights as published, approximate.
        memory_bytes: Main memory needed to run it in int8, approximate.
        note: What it is used for in the literature.
    """

    name: str
    kind: Literal["encoder", "translator", "ctranslate2"]
    repository: str
    revision: str
    licence: str
    commercial: bool
    download_bytes: int
    memory_bytes: int
    note: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A line of ``spanport models list``.

    Attributes:
        name: Name to give to :func:`find_model`.
        path: Where its bundle lies; None when it is not on this machine.
        shipped: Whether it comes with the package.
        card: What is known of it, for the registered ones.
    """

    name: str
    path: Path | None
    shipped: bool
    card: ModelCard | None


def list_models() -> list[ModelEntry]:
    """Every model by name: those shipped, those in the user's folder, then the registered ones not fetched yet."""
    entries = [ModelEntry(name, _PACKAGE / name, True, None) for name in _SHIPPED if _is_bundle(_PACKAGE / name)]
    home = models_folder()
    if home.is_dir():
        found = sorted(path for path in home.iterdir() if _is_bundle(path))
        entries += [ModelEntry(path.name, path, False, CARDS.get(path.name)) for path in found]
    here = {entry.name for entry in entries}
    return entries + [ModelEntry(name, None, False, card) for name, card in CARDS.items() if name not in here]


def find_model(name_or_path: str | Path) -> Path:
    """Folder of a bundle, by name or by path. A bare word is a name first ("./mini" is always a path).

    Raises:
        UnknownModelError: No bundle of that name is on this machine.
    """
    path = Path(name_or_path)
    name = str(name_or_path)
    if path.name != name:
        return path
    for entry in list_models():
        if entry.name == name and entry.path is not None:
            return entry.path
    if _is_bundle(path):
        return path
    raise UnknownModelError(name, [entry.name for entry in list_models() if entry.path is not None])


def _is_bundle(path: Path) -> bool:
    return (path / MANIFEST_NAME).is_file()


CARDS: dict[str, ModelCard] = {}
