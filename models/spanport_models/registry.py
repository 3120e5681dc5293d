"""Names of models: where their bundles lie."""

from dataclasses import dataclass
from pathlib import Path

from spanport_models.cards import CARDS, ModelCard, card_of
from spanport_models.errors import UnknownModelError, unknown_model
from spanport_models.manifest import MANIFEST_NAME
from spanport_models.places import folder_of, models_folder, name_of

_PACKAGE = Path(__file__).parent
_SHIPPED = ("mini",)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A line of ``spanport models list``.

    Attributes:
        name: Name to give to `find_model`.
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
        entries += [ModelEntry(name_of(path), path, False, card_of(name_of(path))) for path in found]
    here = {entry.name for entry in entries}
    return entries + [ModelEntry(name, None, False, card) for name, card in CARDS.items() if name not in here]


def find_model(name_or_path: str | Path) -> Path:
    """Folder of a bundle, by name or by path.

    A bare word is a name first ("./mini" is always a path); "owner/model" is a path first, then a bundle of the hub
    that was fetched under that name.

    Raises:
        UnknownModelError: No bundle of that name is on this machine.
    """
    path = Path(name_or_path)
    name = str(name_or_path)
    if path.name != name:
        fetched = folder_of(name)
        return fetched if name.count("/") == 1 and not path.exists() and _is_bundle(fetched) else path
    for entry in list_models():
        if entry.name == name and entry.path is not None:
            return entry.path
    if _is_bundle(path):
        return path
    if card := card_of(name):
        raise UnknownModelError(
            f"no bundle named {name!r} is on this machine: it is a model of the hub",
            expected="a bundle",
            remedy=_how_to_make(card),
        )
    raise unknown_model(name, [entry.name for entry in list_models() if entry.path is not None])


def _how_to_make(card: ModelCard) -> str:
    if card.kind == "ctranslate2":
        return f"Run `spanport models fetch {card.name}`."
    encoder = card.name if card.kind == "encoder" else "xlm-r-large-conll03"
    translator = card.name if card.kind == "translator" else "nllb-600m"
    return f"Run `spanport export pipeline OUT --encoder {encoder} --translator {translator}`, and give it OUT."


def _is_bundle(path: Path) -> bool:
    return (path / MANIFEST_NAME).is_file()
