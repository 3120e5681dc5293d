"""Pipelines made to do harm: opening one works, or ends in words, within seconds, and reads nothing outside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from spanport import Engine, SpanportError
from spanport.systems.calibrated.regression import load_calibration
from spanport_models import assemble_pipeline, verify_bundle
from spanport_models.bundle import sha256_of
from spanport_models.lexicon import hash_pairs
from spanport_models.registry import find_model

ACTS = 3
"""Most that are done to one bundle."""

FILES = (
    *("manifest.json", "lexicon.npz", "calibration.json"),
    *("encoder/manifest.json", "encoder/tokenizer.json", "encoder/model.onnx", "encoder/head.onnx"),
    *("translator/manifest.json", "translator/tokenizer.json", "translator/model.bin"),
    *("translator/config.json", "translator/shared_vocabulary.json"),
)
MANIFESTS = [name for name in FILES if name.endswith("manifest.json")]
PATHS = (
    *("../outside/secret.json", "encoder/../../outside/secret.json", "/etc/hostname", "..", ".", "", "./encoder"),
    *("encoder/", "translator", "C:\\secret", "\\\\host\\secret", "~/x", "a\0b", "x" * 300, "vmap.txt", "nothing"),
)
SECONDS = 60
"""A bundle that takes longer to open hangs: whole ones take a tenth of a second."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(PATHS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(PATHS), inner, max_size=2),
    max_leaves=3,
)


def edit_manifest(folder: Path, data: st.DataObject) -> None:
    """Change, add or remove an entry, at the top or one level below."""
    path = folder / data.draw(st.sampled_from(MANIFESTS))
    manifest = place = _json(path)
    inner = [name for name, value in manifest.items() if isinstance(value, dict)]
    if inner and data.draw(st.booleans()):
        place = manifest[data.draw(st.sampled_from(inner))]
    name = data.draw(st.sampled_from([*place, *PATHS]))
    if data.draw(st.integers(0, 3)):
        place[name] = data.draw(VALUES | st.sampled_from(list(place.values()) or [None]))
    else:
        place.pop(name, None)
    if manifest:
        path.write_text(json.dumps(manifest))


def damage(folder: Path, data: st.DataObject) -> None:
    """Truncate a file, flip some of its bytes, or write something else."""
    path = folder / data.draw(st.sampled_from(FILES))
    if not _is_file(path):
        return
    content = bytearray(path.read_bytes())
    kind = data.draw(st.sampled_from(("truncate", "flip", "other")))
    if kind == "truncate" and content:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    elif kind == "flip" and content:
        for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
            content[at] = data.draw(st.integers(0, 255))
    else:
        content = bytearray(data.draw(st.binary(max_size=8) | st.sampled_from((b"{}", b"[" * 100_000, b"PK\3\4"))))
    path.write_bytes(content)


def replace_file(folder: Path, data: st.DataObject) -> None:
    """Put nothing, a link out of the bundle, a pipe, a folder or another of its files in the place of a file."""
    path = folder / data.draw(st.sampled_from((*FILES, "encoder", "translator", "vmap.txt", "encoder/weights.data")))
    kind = data.draw(st.sampled_from(("nothing", "link", "pipe", "folder", "other")))
    other = folder / data.draw(st.sampled_from(FILES))
    if not path.parent.is_dir():
        return
    content = other.read_bytes() if _is_file(other) else b""
    outside = folder.parent / "outside"
    moved = outside / f"{len(os.listdir(outside))}-{path.name}"
    if kind == "link" and path.exists():
        path.rename(moved)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "other":
        path.write_bytes(content)


def mend_checksums(folder: Path) -> None:
    """Let the manifests say what the files are by now, as their author could."""
    for name in reversed(MANIFESTS):
        path, manifest = folder / name, _json(folder / name)
        if isinstance(files := manifest.get("files"), dict):
            known = {file for file in FILES if _is_file(path.parent / file)}
            files.update((file, sha256_of(path.parent / file)) for file in known & set(files))
            path.write_text(json.dumps(manifest))


def _json(path: Path) -> dict[str, Any]:
    """The object in a file, an empty one where there is none."""
    try:
        found = json.loads(path.read_bytes()) if _is_file(path) else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


_opened: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.scandir", "os.listdir"):
        _opened.append(str(arguments[0]))


@contextmanager
def watched(outside: Path) -> Iterator[None]:
    """Fail where a folder is read, or where it takes too long."""
    if _note not in _hooks:
        sys.addaudithook(_note)
        _hooks.append(_note)
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    _opened.clear()
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        touched = [name for name in _opened if os.path.realpath(name).startswith(str(outside))]
        assert not touched, f"read outside the bundle: {touched}"


_hooks: list[Callable[..., None]] = []


def _too_long(*_: object) -> None:
    raise AssertionError(f"opening takes more than {SECONDS} s")


def open_wholly(folder: Path) -> None:
    """Open a bundle, load all that it has, and label a sentence with it."""
    verify_bundle(folder)
    with Engine.from_bundle(str(folder), device="cpu", threads=1) as engine:
        models = engine.models
        models.memory_needs(1024, 2048)
        load_calibration("", models.calibration())
        for load in (models.lexicon, models.encoder, models.aligner, models.translator):
            load()
        list(engine.label(["Marta Oliveira vive en Lisboa ."], lang="spa_Latn", system="ngram"))


def refusal(folder: Path) -> SpanportError | None:
    """The error of our tree that opening a bundle ends in, if it does; others come through."""
    try:
        open_wholly(folder)
    except SpanportError as error:
        return error
    return None


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, recorded: Path) -> Path:
    """A bundle with every component."""
    folder = tmp_path_factory.mktemp("hostile")
    keys = np.sort(hash_pairs("spa_Latn", ["lives", "in"], ["vive", "en"]))
    np.savez_compressed(folder / "lexicon.npz", keys=keys, scores=np.full(2, 255, np.uint8))
    return assemble_pipeline(
        folder / "tiny",
        name="tiny",
        encoder=recorded / "encoder",
        translator=recorded / "translator",
        lexicon=folder / "lexicon.npz",
        calibration=find_model("mini") / "calibration.json",
        mixture={"neural": 1.0, "lexicon": 0.5},
    )


def test_the_bundle_opens_as_it_is(pipeline: Path) -> None:
    open_wholly(pipeline)


def test_a_component_whose_manifest_is_a_link_is_refused_unread(pipeline: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(pipeline, tmp_path.resolve() / "bundle"))
    outside = tmp_path.resolve() / "outside"
    outside.mkdir()
    shutil.move(folder / "encoder" / "manifest.json", outside)
    (folder / "encoder" / "manifest.json").symlink_to(outside / "manifest.json")
    with watched(outside):
        assert "encoder/manifest.json is a link" in str(refusal(folder))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@seed(20251)
@settings(
    max_examples=150, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_hostile_pipelines_end_in_words(pipeline: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(pipeline, Path(temporary).resolve() / "bundle"))
        outside = folder.parent / "outside"
        outside.mkdir()
        (outside / "secret.json").write_text("{}")
        for act in data.draw(
            st.lists(st.sampled_from((edit_manifest, damage, replace_file)), min_size=1, max_size=3)
        ):
            act(folder, data)
        if data.draw(st.booleans()):
            mend_checksums(folder)
        with watched(outside):
            error = refusal(folder)
            assert error is None or str(error).strip()
