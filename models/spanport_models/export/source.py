"""The model to be exported: where it lies, whether its weights are safe, and a digest of it."""

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from spanport_models.bundle import sha256_of
from spanport_models.errors import BundleError, ExportError, RuntimeMissingError, UnsafeWeightsError
from spanport_models.manifest import read_manifest
from spanport_models.registry import card_of

_PATTERNS = ["*.json", "*.safetensors", "*.model", "*.spm", "*.txt", "*.spiece"]
_PICKLES = ("*.bin", "*.pt", "*.pth")
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


def locate(model: str | Path, *, revision: str | None, allow_pickle: bool) -> Path:
    """Local folder of a model: itself, or a snapshot from the hub (offline mode honoured).

    Raises:
        ExportError: No such folder or repository.
        UnsafeWeightsError: It has only pickled weights and these are not allowed.
    """
    folder = Path(model)
    if not folder.is_dir():
        folder = _download(str(model), revision, allow_pickle)
    if not (folder / "config.json").is_file():
        raise ExportError(f"{folder} has no config.json", expected="a Hugging Face model folder")
    pickles = [path for pattern in _PICKLES for path in folder.glob(pattern)]
    if not any(folder.glob("*.safetensors")) and not (allow_pickle and pickles):
        raise UnsafeWeightsError(
            f"{folder} has no safetensors weights" + (f" but pickled {pickles[0].name}" if pickles else ""),
            expected="model.safetensors (pickled weights can run code when they are loaded)",
            remedy="Convert the weights, or pass --allow-pickle if you trust their maker." if pickles else "",
        )
    return folder


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


def known_licence(model: str | Path, given: str) -> str:
    """The licence given, or that of a registered model of this hub name."""
    card = card_of(str(model))
    return card.licence if given == "unknown" and card else given


def already_exported(out: Path, inputs: str) -> bool:
    """Whether ``out`` holds an export of exactly these inputs."""
    try:
        return read_manifest(out).inputs == inputs
    except BundleError:
        return False


def _download(name: str, revision: str | None, allow_pickle: bool) -> Path:
    if name.count("/") != 1 or name.startswith(("/", ".")):
        raise ExportError(f"{name} is not a folder", expected="a model folder, or a hub name like owner/model")
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise RuntimeMissingError(
            "huggingface_hub is not installed", remedy="Run pip install 'spanport[hub]'."
        ) from error
    patterns = _PATTERNS + (list(_PICKLES) if allow_pickle else [])
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ExportError(
            f"{name} cannot be downloaded from the hub: {error}", remedy="Give a local folder instead."
        ) from error
