import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spanport_models.errors import BundleError, LabelError, ManifestError
from spanport_models.manifest import EncoderManifest, check_labels, read_manifest, write_manifest

ENCODER: dict[str, Any] = {
    "format": 1,
    "kind": "encoder",
    "architecture": "xlm-roberta",
    "labels": ["O", "B-PER", "I-PER"],
    "layer": 4,
    "hidden_size": 8,
    "max_length": 32,
    "precision": "int8",
    "licence": "MIT",
    "source": "a recipe",
    "files": {},
}


def written(folder: Path, **changes: Any) -> Path:
    (folder / "manifest.json").write_text(json.dumps(ENCODER | changes))
    return folder


def test_a_written_manifest_reads_back_the_same(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, files={"model.onnx": "0" * 64}))
    assert isinstance(manifest, EncoderManifest)
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/passwd", "C:\\evil", "..\\evil", "\\evil", "", "c:evil"]
)
def test_a_path_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match="outside its folder"):
        read_manifest(written(tmp_path, files={name: "0" * 64}))


def test_a_component_outside_the_folder_is_refused(tmp_path: Path) -> None:
    pipeline = {
        "format": 1,
        "kind": "pipeline",
        "licence": "MIT",
        "source": "x",
        "files": {},
        "languages": ["eng_Latn"],
        "components": {"encoder": "../other"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(pipeline))
    with pytest.raises(ManifestError, match=r"\.\./other"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "decoder"}, "decoder"),
        ({"format": 2}, "2"),
        ({"layer": -1}, "layer"),
        ({"files": {"model.onnx": "abc"}}, "files"),
        ({"precision": "int3"}, "int3"),
        ({"hidden_size": "8"}, "hidden_size"),
    ],
)
def test_an_invalid_manifest_names_the_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(written(tmp_path, **changes))


def test_a_folder_without_a_manifest_is_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not a bundle"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("field", ["name", "licence", "source", "architecture"])
def test_control_characters_are_refused(tmp_path: Path, field: str) -> None:
    with pytest.raises(ManifestError, match=field):
        read_manifest(written(tmp_path, **{field: "good\x1b[2Jbad"}))
    with pytest.raises(ManifestError, match="labels"):
        read_manifest(written(tmp_path, labels=["O", "B-\x1b[31mPER"]))


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(__file__)]
)
def test_a_manifest_that_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "manifest.json")
    with pytest.raises(BundleError, match="is a link or a special file"):
        read_manifest(tmp_path)


def test_broken_json_is_named(tmp_path: Path) -> None:
    for raw in (b'{"format": 1,', b'{"format": 1, "name": "\x80"}'):
        (tmp_path / "manifest.json").write_bytes(raw)
        with pytest.raises(ManifestError, match="not a valid manifest"):
            read_manifest(tmp_path)


@pytest.mark.parametrize("labels", [("O", "LABEL_1"), ("B-PER", "I-PER"), ("O", "O", "B-X"), ("O", "B-")])
def test_unusable_labels_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(LabelError):
        check_labels(labels, "here")


def test_labels_without_b_are_accepted() -> None:
    check_labels(("B-LOC", "I-LOC", "I-PER", "O"), "here")
