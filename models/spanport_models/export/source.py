"""The model to be exported: where it lies, whether its weights are safe, and a digest of it."""

import hashlib
import json
from importlib import metadata
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from spanport_models.bundle import sha256_of
from spanport_models.cards import CARDS, card_of, commit_of, repository_of
from spanport_models.errors import ExportError, RuntimeMissingError, UnsafeWeightsError, suggestion
from spanport_models.export.options import Progress, quiet
from spanport_models.fetch import snapshot

_LIBRARIES = ("torch", "transformers", "optimum-onnx", "onnx", "onnxruntime", "ctranslate2", "tokenizers")


def require_export_extra() -> None:
    """Make sure that the libraries of the extra ``export`` are there.

    Raises:
        RuntimeMissingError: One is missing.
    """
    for name in ("torch", "transformers", "optimum-onnx", "onnx"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise RuntimeMissingError(
                f"exporting needs {name}, which is not installed",
                expected="the extra spanport[export]",
                remedy="Run pip install 'spanport[cpu,export]'.",
            ) from error


def locate(model: str | Path, *, revision: str | None, progress: Progress = quiet) -> Path:
    """Local folder of a model: itself, or a snapshot from the hub (offline mode honoured).

    Args:
        model: A folder, a registered name, or a name on the hub.
        revision: Commit, tag or branch of the hub.
        progress: Told what is going on.

    Raises:
        ExportError: No such folder, or it holds no model.
        FetchError: It cannot be fetched.
    """
    folder = Path(model)
    if not folder.is_dir():
        folder = _fetched(str(model), revision, progress)
    if not (folder / "config.json").is_file():
        raise ExportError(f"{folder} has no config.json", expected="a Hugging Face model folder")
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        raise ExportError(f"{folder} has no weights", expected="model.safetensors or pytorch_model.bin")
    return folder


def weight_options(folder: Path, *, allow_pickle: bool) -> dict[str, bool]:
    """How transformers is to load the weights: safetensors where there are some, else pickles.

    Those are read by torch's loader of weights alone, which runs no code, unless ``allow_pickle``.
    """
    return {"use_safetensors": any(folder.glob("*.safetensors")), "weights_only": not allow_pickle}


def loading_error(folder: Path, error: BaseException) -> ExportError:
    """The error of a model that transformers could not load."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnpicklingError):
            return UnsafeWeightsError(
                f"{folder} has pickled weights that hold more than weights",
                expected="model.safetensors, or pickled tensors alone",
                remedy="Pass --allow-pickle if you trust their maker: it lets them run code.",
            )
        cause = cause.__cause__ or cause.__context__
    return ExportError(f"{folder} cannot be loaded: {error}")


def read_config(folder: Path) -> dict[str, Any]:
    """The model's ``config.json``.

    Raises:
        ExportError: It is not valid JSON.
    """
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{folder / 'config.json'} is not valid JSON: {error}") from error
    return config


def digest(folder: Path, options: object) -> str:
    """SHA-256 over the model's files, the options and the versions of the libraries that convert it."""
    versions: dict[str, str | None] = {}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    total = hashlib.sha256(repr((options, versions)).encode())
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        total.update(f"{path.name}\0{sha256_of(path)}\0".encode())
    return total.hexdigest()


def provenance(model: str | Path, folder: Path, licence: str, name: str | None) -> tuple[str, str, str]:
    """Short name, licence and source to record, completed by what is known of a model.

    ``folder`` is where `locate` found it; of one in the hub's cache the source is ``owner/name@commit``.
    """
    card = card_of(model)
    repository = card.repository if card else repository_of(model)
    source = Path(model).name if repository == str(model) and Path(model).is_dir() else repository
    short = card.name if card else source.rpartition("/")[2]
    commit = commit_of(folder)
    source = f"{source}@{commit}" if commit else source
    return name or short, card.licence if licence == "unknown" and card else licence, source


def known_languages(model: str | Path, given: tuple[str, ...]) -> tuple[str, ...]:
    """The languages given, or those that a known model was trained on."""
    card = card_of(model)
    return given or (card.languages if card else ())


def _fetched(name: str, revision: str | None, progress: Progress) -> Path:
    if card_of(name) is None and (name.count("/") != 1 or name.startswith(("/", "."))):
        raise ExportError(
            f"{name} is not a folder{suggestion(name, CARDS)}",
            expected="a model folder, a name of `spanport models list`, or a hub name like owner/model",
        )
    return snapshot(name, revision, progress=progress)
