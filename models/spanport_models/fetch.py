"""Downloads from the Hugging Face hub or a mirror of it (extra ``hub``), checked file by file.

Interrupted downloads are resumed. The commit that a name stood for is recorded when it is first fetched, and later
fetches ask for that commit.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from spanport_models.bundle import sha256_of, verify_bundle
from spanport_models.errors import (
    ChecksumError,
    FetchError,
    NotFetchedError,
    OfflineError,
    RuntimeMissingError,
    UnsafeWeightsError,
)
from spanport_models.manifest import MANIFEST_NAME
from spanport_models.places import models_folder
from spanport_models.registry import CARDS
from spanport_models.wrap import wrap_ctranslate2

_RECORD = "fetched.json"
_WANTED = (".json", ".txt", ".model", ".spm", ".safetensors", ".onnx", ".onnx_data", ".npz")
_PICKLES = (".bin", ".pt", ".pth")


class FetchRecord(msgspec.Struct, frozen=True):
    """What was fetched: repository, commit, and digest ("sha256:..." or "git:...") of each file."""

    repository: str
    commit: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where a model lies now.

    Attributes:
        path: The folder.
        ready: True for a bundle; False for a model that must be exported first.
        licence: Licence of the weights as far as known.
        commit: Commit that was fetched ("" for a local folder).
    """

    path: Path
    ready: bool
    licence: str
    commit: str


def fetch(
    name: str,
    *,
    source: str | Path | None = None,
    endpoint: str | None = None,
    revision: str | None = None,
    allow_pickle: bool = False,
    progress: Callable[[str], None] = lambda message: None,
) -> Fetched:
    """Bring a model to this machine.

    Args:
        name: A registered name (``spanport models list``), or a hub name like "owner/model".
        source: A local folder to take it from instead of the hub.
        endpoint: Address of a mirror; default ``$HF_ENDPOINT``, then the hub itself.
        revision: Commit, tag or branch; default: what was fetched before, else "main".
        allow_pickle: Also take pickled weights where there are no safetensors.
        progress: Told what is going on.

    Raises:
        FetchError: The download failed; files that arrived stay, and the next call goes on from there.
        NotFetchedError: Repository, revision or file does not exist.
        OfflineError: ``HF_HUB_OFFLINE`` is set and the model is not here.
        ChecksumError: A file is not what the hub says it is; it is removed.
        UnsafeWeightsError: Only pickled weights are there.
        RuntimeMissingError: ``huggingface_hub`` is not installed.
    """
    card = CARDS.get(name)
    repository = card.repository if card else name
    short = name.rpartition("/")[2]
    licence = card.licence if card else "see the model's page"
    folder = models_folder() / "sources" / short
    if source is not None:
        return Fetched(*_install(Path(source), short, licence, card is not None and card.kind), licence, "")
    record = _download(repository, folder, endpoint, revision, allow_pickle, progress)
    return Fetched(*_install(folder, short, licence, card is not None and card.kind), licence, record.commit)


def _install(folder: Path, name: str, licence: str, kind: str | bool) -> tuple[Path, bool]:
    """Make a bundle of what was fetched where that needs no export; tell whether it did."""
    target = models_folder() / name
    if (folder / MANIFEST_NAME).is_file():
        verify_bundle(folder)
        if not target.exists():
            shutil.copytree(folder, target, copy_function=_link, ignore=shutil.ignore_patterns(".cache", _RECORD))
        return target, True
    if kind == "ctranslate2":
        return wrap_ctranslate2(folder, target, licence=licence), True
    return folder, False


def _download(
    repository: str,
    folder: Path,
    endpoint: str | None,
    revision: str | None,
    allow_pickle: bool,
    progress: Callable[[str], None],
) -> FetchRecord:
    record = _read_record(folder)
    if record is not None and revision in (None, record.commit) and _intact(folder, record):
        return record
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise OfflineError(
            f"{repository} is not on this machine and HF_HUB_OFFLINE is set",
            remedy="Unset it, or give a local folder with --source.",
        )
    try:
        from huggingface_hub import HfApi, hf_hub_download
    except ImportError as error:
        raise RuntimeMissingError(
            "huggingface_hub is not installed", remedy="Run pip install 'spanport[hub]'."
        ) from error
    wanted = revision or (record.commit if record else None)
    with _mapped(repository):
        info = HfApi(endpoint=endpoint).model_info(repository, revision=wanted, files_metadata=True)
    files = {item.rfilename: item for item in info.siblings or ()}
    chosen = _choose(repository, files, allow_pickle)
    digests = {}
    for name in chosen:
        progress(f"fetching {name}")
        with _mapped(repository):
            path = hf_hub_download(repository, name, revision=info.sha, local_dir=folder, endpoint=endpoint)
        digests[name] = _check(Path(path), files[name])
    result = FetchRecord(repository, str(info.sha), digests)
    (folder / _RECORD).write_bytes(msgspec.json.encode(result))
    return result


def _choose(repository: str, files: dict[str, Any], allow_pickle: bool) -> list[str]:
    """Files worth having: a whole bundle, or configuration, tokenizer and the safest weights there are."""
    inside = [name for name in files if ".." not in name.split("/")]
    if MANIFEST_NAME in files or "model.bin" in files:
        return [name for name in inside if name.endswith((*_WANTED, ".bin"))]
    top = [name for name in inside if "/" not in name]
    pickles = [name for name in top if name.endswith(_PICKLES)]
    safe = any(name.endswith(".safetensors") for name in top)
    if not safe and not (allow_pickle and pickles):
        raise UnsafeWeightsError(
            f"{repository} has no safetensors weights" + (f" but pickled {pickles[0]}" if pickles else ""),
            expected="model.safetensors (pickled weights can run code when they are loaded)",
            remedy="Pass --allow-pickle if you trust their maker." if pickles else "",
        )
    return [name for name in top if name.endswith(_WANTED)] + ([] if safe else pickles)


def _check(path: Path, item: Any) -> str:
    """Compare a file with the hub's digest of it; return the digest."""
    expected = f"sha256:{item.lfs.sha256}" if item.lfs else f"git:{item.blob_id}"
    actual = _digest(path, expected)
    if actual != expected:
        path.unlink()
        raise ChecksumError(
            f"{path} arrived with digest {actual} and was removed",
            expected=f"{expected}, as the hub says",
            remedy="Try again; if it happens twice, the mirror is broken.",
        )
    return actual


def _digest(path: Path, like: str) -> str:
    if like.startswith("sha256:"):
        return f"sha256:{sha256_of(path)}"
    content = path.read_bytes()
    return "git:" + hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _read_record(folder: Path) -> FetchRecord | None:
    try:
        return msgspec.json.decode((folder / _RECORD).read_bytes(), type=FetchRecord)
    except (OSError, msgspec.DecodeError):
        return None


def _intact(folder: Path, record: FetchRecord) -> bool:
    return all(
        (folder / name).is_file() and _digest(folder / name, digest) == digest
        for name, digest in record.files.items()
    )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def _mapped(repository: str) -> Iterator[None]:
    """The hub library's errors as ours."""
    from huggingface_hub import errors

    try:
        yield
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        raise NotFetchedError(
            f"{repository} cannot be fetched: {str(error).strip().splitlines()[-1]}",
            expected="an existing repository, revision and file",
            remedy="Check the name; for a gated model, log in with `hf auth login`.",
        ) from error
    except errors.HFValidationError as error:
        raise NotFetchedError(f"{repository!r} is not a name on the hub: {error}") from error
    except Exception as error:  # whose transport raises what depends on the version of huggingface_hub
        raise FetchError(
            f"fetching {repository} failed: {error}",
            remedy="Check the network and try again: what has arrived is kept.",
        ) from error
