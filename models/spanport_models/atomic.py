"""Folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spanport_models.errors import BundleError


@contextmanager
def new_folder(out: Path, *, replace: bool = False) -> Iterator[Path]:
    """A staging folder beside ``out`` that is renamed to it on success and removed on any failure.

    Raises:
        BundleError: ``out`` exists, is not empty and ``replace`` is false.
    """
    if out.exists() and not replace and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(
            f"{out} already exists",
            expected="a new or empty folder",
            remedy="Choose another name, or remove it first.",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield staging
        staging.chmod(0o755)
        _swap(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _swap(staging: Path, out: Path) -> None:
    """Rename ``staging`` to ``out``; a folder that is there already is set aside first and then removed."""
    if not out.exists():
        os.replace(staging, out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
    os.replace(out, old)
    os.replace(staging, out)
    shutil.rmtree(old)
