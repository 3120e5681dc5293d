"""Models from the Hugging Face hub or a mirror of it (extra ``hub``), by way of the hub's own cache.

What is in the user's hub cache is used, a download that was cut off goes on where it stopped, and every file is
compared with the digest that it has on the hub. Models that are bundles already are put among the user's models,
under their whole name.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from spanport_models.atomic import new_folder
from spanport_models.bundle import copy_bundle, sha256_of, verify_bundle
from spanport_models.cards import CARDS, UNKNOWN, card_of
from spanport_models.errors import (
    ChecksumError,
    FetchError,
    NotFetchedError,
    OfflineError,
    RuntimeMissingError,
    suggestion,
)
from spanport_models.manifest import MANIFEST_NAME
from spanport_models.places import folder_of
from spanport_models.wrap import wrap_ctranslate2

PATIENCE = 10.0
"""Seconds in which the hub must begin to answer."""

_WANTED = (".json", ".txt", ".model", ".spm", ".spiece", ".safetensors", ".onnx", ".onnx_data", ".npz")
_PICKLED = re.compile(r"pytorch_model.*\.bin")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


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
    progress: Callable[[str], None] = lambda message: None,
) -> Fetched:
    """Bring a model to this machine.

    Args:
        name: A registered name (``spanport models list``), or a hub name like "owner/model".
        source: A local folder to take it from instead of the hub.
        endpoint: Address of a mirror; default ``$HF_ENDPOINT``, then the hub itself.
        revision: Commit, tag or branch; default: the registered commit where there is one, else "main".
        progress: Told what is going on.

    Raises:
        FetchError: The download failed; files that arrived stay, and the next call goes on from there.
        NotFetchedError: Repository, revision or file does not exist.
        OfflineError: ``HF_HUB_OFFLINE`` is set and the model is not here.
        ChecksumError: A file or the commit is not what it should be; such a file is removed.
        BundleError: A bundle was fetched, and it is unsound.
        RuntimeMissingError: ``huggingface_hub`` is not installed.
    """
    card = card_of(name)
    if card is None and not _NAME.fullmatch(name):
        raise NotFetchedError(
            f"no model named {name!r}{suggestion(name, CARDS)}",
            expected="a name of `spanport models list`, or owner/model on the hub",
        )
    licence = card.licence if card else UNKNOWN
    folder = snapshot(name, revision, endpoint, progress) if source is None else Path(source)
    commit = folder.name if source is None else ""
    target = folder_of(name)
    if (folder / MANIFEST_NAME).is_file():
        _install(folder, target)
        return Fetched(target, True, licence, commit)
    if card is not None and card.kind == "ctranslate2":
        origin = f"{card.repository}@{commit}" if commit else card.repository
        wrap_ctranslate2(folder, target, licence=licence, source=origin, inputs=commit)
        return Fetched(target, True, licence, commit)
    return Fetched(folder, False, licence, commit)


def snapshot(
    name: str,
    revision: str | None = None,
    endpoint: str | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> Path:
    """Folder of the hub's cache with the files of a model that spanport reads, its last part the commit.

    Args and errors are those of `fetch`.
    """
    try:
        from huggingface_hub import HfApi, snapshot_download
    except ImportError as error:
        raise RuntimeMissingError(
            "huggingface_hub is not installed", remedy="Run pip install 'spanport[hub]'."
        ) from error
    card = card_of(name)
    repository = card.repository if card else name
    endpoint = endpoint or os.environ.get("HF_ENDPOINT")
    wanted = revision or (card.revision if card else None)
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return _from_cache(repository, wanted, "HF_HUB_OFFLINE is set")
    with _mapped(repository):
        # The hub's own download waits for ever for an answer; this call does not, and fails first.
        info = HfApi(endpoint=endpoint).model_info(repository, revision=wanted, timeout=PATIENCE)
    commit = str(info.sha)
    if wanted and _COMMIT.fullmatch(wanted) and commit != wanted:
        raise ChecksumError(
            f"the hub answered with commit {commit} of {repository}",
            expected=f"{wanted}, as was asked for",
            remedy="Do not use this mirror.",
        )
    names = [item.rfilename for item in info.siblings or ()]
    if not all(isinstance(name, str) for name in names) or not _COMMIT.fullmatch(commit):
        raise FetchError(
            f"the hub's answer about {repository} has a file without a name, or no commit",
            expected="a listing of named files at a commit",
            remedy="Try another mirror, or give a local folder with --source.",
        )
    chosen = _choose(names)
    progress(f"fetching {len(chosen)} files of {repository} at {commit}")
    with _mapped(repository):
        folder = Path(
            snapshot_download(
                repository,
                revision=wanted,
                endpoint=endpoint,
                allow_patterns=[escape(name) for name in chosen],
                etag_timeout=PATIENCE,
            )
        )
    if folder.name != commit:
        raise FetchError(f"{repository} changed while it was fetched", remedy="Try again.")
    if missing := [name for name in chosen if not (folder / name).exists()]:
        raise NotFetchedError(f"{repository} cannot be fetched: {missing[0]} did not arrive", remedy="Try again.")
    for name in chosen:
        _check(folder / name)
    return folder


def _from_cache(repository: str, revision: str | None, why: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        # Without patterns newer versions ask for every file of the repository, also those that are never fetched.
        patterns = [MANIFEST_NAME, "config.json"]
        return Path(snapshot_download(repository, revision=revision, local_files_only=True, allow_patterns=patterns))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise OfflineError(
            f"{repository} is not on this machine and {why}",
            remedy="Unset it, or give a local folder with --source.",
        ) from error


def _choose(names: Sequence[str]) -> list[str]:
    """Files worth having: a whole bundle, or configuration, tokenizer and the safest weights there are."""
    inside = [name for name in names if ".." not in name.split("/")]
    if MANIFEST_NAME in inside or "model.bin" in inside:
        return [name for name in inside if name.endswith((*_WANTED, ".bin"))]
    top = [name for name in inside if "/" not in name]
    safe = any(name.endswith(".safetensors") for name in top)
    return [name for name in top if name.endswith(_WANTED) or (not safe and _PICKLED.fullmatch(name))]


def _check(path: Path) -> None:
    """Compare a file of the hub's cache with its digest, after which the hub names the file that it links to."""
    blob = path.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        actual = sha256_of(blob)
    elif re.fullmatch(r"[0-9a-f]{40}", blob.name):
        content = blob.read_bytes()
        actual = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    else:  # a file system without links, or a mirror with digests of its own
        return
    if actual != blob.name:
        path.unlink()
        blob.unlink(missing_ok=True)
        raise ChecksumError(
            f"{path} has digest {actual} and was removed",
            expected=f"{blob.name}, as the hub says",
            remedy="Try again; if it happens twice, the mirror is broken.",
        )


def _install(folder: Path, target: Path) -> None:
    """Put a bundle where models have names, in place of another revision of it."""
    try:
        if (target / MANIFEST_NAME).read_bytes() == (folder / MANIFEST_NAME).read_bytes():
            return
    except OSError:
        pass  # not there yet
    with new_folder(target, replace=True) as staging:
        copy_bundle(folder, staging)
        verify_bundle(staging)


@contextmanager
def _mapped(repository: str) -> Iterator[None]:
    """The hub library's errors as ours."""
    from huggingface_hub import errors

    try:
        yield
    except errors.LocalEntryNotFoundError as error:
        raise _failed(repository, error) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        unknown = isinstance(error, errors.RepositoryNotFoundError)
        known = [card.repository for card in CARDS.values()]
        raise NotFetchedError(
            f"{repository} cannot be fetched: {str(error).strip().splitlines()[-1]}"
            f"{suggestion(repository, known) if unknown else ''}",
            expected="an existing repository, revision and file",
            remedy="Check the name; for a gated model, log in with `hf auth login`.",
        ) from error
    except errors.HFValidationError as error:
        raise NotFetchedError(f"{repository!r} is not a name on the hub: {error}") from error
    except Exception as error:  # whose transport raises what depends on the version of huggingface_hub
        raise _failed(repository, error) from error


def _failed(repository: str, error: Exception) -> FetchError:
    return FetchError(
        f"fetching {repository} failed: {error.__cause__ or error}",
        remedy="Check the network and the free space, and try again: what has arrived is kept.",
    )
