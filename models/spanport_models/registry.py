"""Names of models: where their bundles lie, and what the models of the papers are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spanport_models.errors import unknown_model
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
        licence: SPDX identifier, or the licence's name on the hub.
        commercial: Whether the licence allows commercial use.
        download_bytes: Size of the weights as published, approximate.
        memory_bytes: Main memory needed to run it in int8, approximate.
        note: What it is used for in the literature.
    """

    name: str
    kind: Literal["encoder", "translator", "ctranslate2"]
    repository: str
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
    raise unknown_model(name, [entry.name for entry in list_models() if entry.path is not None])


def _is_bundle(path: Path) -> bool:
    return (path / MANIFEST_NAME).is_file()


def card_of(repository: str) -> ModelCard | None:
    """What is known of a model of the hub, by its name there."""
    return next((card for card in CARDS.values() if card.repository == repository), None)


def licence_notice(licence: str) -> str | None:
    """A sentence to show when a model of this licence is used, or None where nothing needs to be said."""
    if "-NC-" in licence.upper() or licence.upper().endswith("-NC"):
        return f"These weights are under {licence}: not for commercial use."
    return None


def _card(
    name: str,
    kind: Literal["encoder", "translator", "ctranslate2"],
    repository: str,
    licence: str,
    parameters: float,
    note: str,
    *,
    bytes_each: int = 4,
) -> ModelCard:
    """A card whose sizes follow from the number of parameters (in millions); the int8 form needs one byte each."""
    return ModelCard(
        name=name,
        kind=kind,
        repository=repository,
        licence=licence,
        commercial=licence_notice(licence) is None,
        download_bytes=int(parameters * 1e6 * bytes_each),
        memory_bytes=int(parameters * 1e6 * 1.6) + 300_000_000,
        note=note,
    )


CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        _card(
            "xlm-roberta-large-conll03",
            "encoder",
            "FacebookAI/xlm-roberta-large-finetuned-conll03-english",
            "MIT",
            559,
            "English NER of the XLNER pipeline (arXiv 2501.18750); no B-PER in its labels",
        ),
        _card(
            "mdeberta-v3",
            "encoder",
            "microsoft/mdeberta-v3-base",
            "MIT",
            279,
            "base of model transfer and of candidate models",
        ),
        _card(
            "mbert",
            "encoder",
            "google-bert/bert-base-multilingual-cased",
            "Apache-2.0",
            178,
            "SimAlign, layer 8",
        ),
        _card("labse", "encoder", "sentence-transformers/LaBSE", "Apache-2.0", 471, "AccAlign, layer 6"),
        _card(
            "nllb-600m",
            "translator",
            "facebook/nllb-200-distilled-600M",
            "CC-BY-NC-4.0",
            615,
            "TransAlign, NMT scores",
        ),
        _card(
            "nllb-1.3b",
            "translator",
            "facebook/nllb-200-distilled-1.3B",
            "CC-BY-NC-4.0",
            1370,
            "a middle size",
        ),
        _card(
            "nllb-3.3b",
            "translator",
            "facebook/nllb-200-3.3B",
            "CC-BY-NC-4.0",
            3345,
            "translator of the XLNER pipeline (arXiv 2501.18750)",
        ),
        _card(
            "nllb-600m-ct2",
            "ctranslate2",
            "entai2965/nllb-200-distilled-600M-ctranslate2",
            "CC-BY-NC-4.0",
            615,
            "nllb-600m, already converted",
        ),
        _card(
            "nllb-3.3b-ct2",
            "ctranslate2",
            "OpenNMT/nllb-200-3.3B-ct2-int8",
            "CC-BY-NC-4.0",
            3345,
            "nllb-3.3b, already converted",
            bytes_each=1,
        ),
    )
}
