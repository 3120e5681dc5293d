"""Opening bundles: checks of kind, files and checksums.

What a bundle reads is what its manifest lists and hashes: a file that is not listed is an error, and so are links and
special files.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from spanport_models.errors import BundleError, ChecksumError
from spanport_models.manifest import MANIFEST_NAME, Manifest, PipelineManifest, read_manifest
from spanport_models.places import cache_folder

Verify = Literal["sha256", "size"]
_Kind = TypeVar("_Kind", bound=Manifest)

DOCUMENTS = ("*.md", "LICENSE*", "NOTICE*")
"""Files for people, which may lie unlisted beside the manifest of a pipeline: no runtime looks there."""

STAMP_FROM_BYTES = 100_000_000
"""Files at least this large are hashed once; a stamp in the user's cache then stands for the hash until the file's
size or modification time changes. ``spanport models verify`` always hashes."""


def open_bundle(
    folder: Path, kind: type[_Kind] | tuple[type[_Kind], ...], *, verify: Verify = "sha256", precision: str = "auto"
) -> _Kind:
    """Read the manifest of a bundle and check that its files are the ones described.

    Args:
        folder: The bundle.
        kind: Manifest class wanted, or several.
        verify: "sha256" hashes every file (large ones once, see `STAMP_FROM_BYTES`); "size" only checks
            that the files are there and not empty.
        precision: "auto", or the precision the bundle must have ("int8", "fp16", "fp32").

    Raises:
        BundleError: No bundle, another kind, another precision, or a file is missing, unlisted, a link or special.
        ChecksumError: A file differs from the one described.
        ManifestError: The manifest is invalid or points outside its folder.
    """
    manifest, kinds = read_manifest(folder), kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(manifest, kinds):
        raise BundleError(
            f"{folder} is of kind {_kind_name(type(manifest))!r}",
            expected=f"kind {' or '.join(repr(_kind_name(one)) for one in kinds)}",
        )
    stored = getattr(manifest, "precision", precision)
    if precision not in ("auto", stored):
        raise BundleError(
            f"{folder} holds {stored} weights and {precision} was asked for",
            expected='precision "auto" or a bundle exported with it',
            remedy=f"Run `spanport export` again with --precision {precision}.",
        )
    verify_files(folder, manifest, verify=verify)
    return manifest


def verify_files(folder: Path, manifest: Manifest, *, verify: Verify = "sha256", stamps: bool = True) -> None:
    """Check every file of a bundle against its manifest.

    Args:
        stamps: Trust the stamps of earlier checks of large files.

    Raises:
        BundleError: A file is missing, empty, unlisted, a link or special.
        ChecksumError: A file differs from the one described.
    """
    present = _check_listing(folder, manifest)
    for name, expected in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if name in present else 0
        if size == 0:
            raise BundleError(
                f"{path} is {'empty' if name in present else 'missing'}",
                expected="every file named in the manifest",
                remedy="Export or fetch the bundle again.",
            )
        if verify == "size":
            continue
        stamp = _stamp(path, expected) if size >= STAMP_FROM_BYTES else None
        if stamps and stamp is not None and stamp.exists():
            continue
        actual = sha256_of(path)
        if actual != expected:
            raise ChecksumError(
                f"{path} is corrupted or truncated: SHA-256 {actual} ({size:,} bytes)",
                expected=f"SHA-256 {expected}",
                remedy="Export or fetch the bundle again.",
            )
        if stamp is not None:
            _leave(stamp)


def verify_bundle(folder: Path) -> list[Path]:
    """Hash every file of a bundle and of its components, stamps notwithstanding.

    Returns:
        The bundle folders checked.

    Raises:
        BundleError: See `open_bundle`.
    """
    manifest = read_manifest(folder)
    verify_files(folder, manifest, stamps=False)
    checked = [folder]
    if isinstance(manifest, PipelineManifest):
        for relative in manifest.models.values():
            checked += verify_bundle(folder / relative)
    return checked


def copy_bundle(source: Path, target: Path) -> None:
    """Put a bundle's manifest and what it lists into a folder: hard links where the file system can, else copies.

    The copy holds regular files alone, even where ``source`` (such as the hub's cache) holds links to them.

    Raises:
        BundleError: ``source`` is no bundle, or what it lists cannot be copied.
    """
    link_or_copy(source / MANIFEST_NAME, target / MANIFEST_NAME)
    manifest = read_manifest(target)
    parts = set(manifest.models.values()) if isinstance(manifest, PipelineManifest) else set()
    for relative in parts:
        copy_bundle(source / relative, target / relative)
    for name in manifest.files:
        if not (target / name).exists():
            link_or_copy(source / name, target / name)


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link what ``source`` is, or points to, or copy it where the file system cannot.

    Raises:
        BundleError: It cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise BundleError(
                f"{source} cannot be copied: {error.strerror or error}",
                expected=f"{source.stat().st_size / 1e6:,.0f} MB free at {target.parent}"
                if full
                else "every file named in the manifest",
                remedy="Free some space and run the same command again."
                if full
                else "Export or fetch the bundle again.",
            ) from error


def made_of(folder: Path, inputs: str) -> bool:
    """Whether ``folder`` holds a bundle that says it was made of exactly these inputs."""
    try:
        return read_manifest(folder).inputs == inputs
    except BundleError:
        return False


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_listing(folder: Path, manifest: Manifest) -> set[str]:
    """Make sure that the manifest lists all that a runtime could read; returns the paths of all files there.

    Components list their own files, but hold no links or special files either.
    """
    unlisted = [name for name in manifest.required if name not in manifest.files]
    pipeline = manifest if isinstance(manifest, PipelineManifest) else None
    parts = tuple(f"{PurePosixPath(path)}/" for path in pipeline.models.values()) if pipeline else ()
    present = set(_present(folder))
    for name in sorted(present):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BundleError(
                f"{path} is {'a link' if path.is_symlink() else 'a special file'}",
                expected="regular files alone in a bundle",
                remedy="Do not use this bundle unless you know who made it.",
            )
        document = pipeline and "/" not in name and any(fnmatch(name, pattern) for pattern in DOCUMENTS)
        if name not in manifest.files and not document and not name.startswith(parts):
            unlisted.append(name)
    if unlisted:
        raise BundleError(
            f"{folder / MANIFEST_NAME} does not list {', '.join(repr(name) for name in unlisted[:3])}",
            expected="every file of the bundle, with its checksum",
            remedy="Remove what does not belong to the bundle, or export or fetch it again.",
        )
    return present


def _present(folder: Path, prefix: str = "") -> Iterator[str]:
    """Paths of all that is in a bundle but folders and its manifest."""
    with os.scandir(folder / prefix) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _present(folder, f"{name}/")
            elif name != MANIFEST_NAME:
                yield name


def _kind_name(kind: type[Manifest]) -> str:
    return str(kind.__struct_config__.tag)


def _stamp(path: Path, expected: str) -> Path:
    status = path.stat()
    identity = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0{expected}"
    return cache_folder() / "verified" / hashlib.sha256(identity.encode()).hexdigest()


def _leave(stamp: Path) -> None:
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        return  # a read-only home only costs another hash next time
