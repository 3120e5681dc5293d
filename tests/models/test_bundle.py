import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from spanport_models import Encoder, Translator, bundle
from spanport_models.bundle import Verify, open_bundle, sha256_of, verify_bundle, verify_files
from spanport_models.errors import (
    ArchitectureError,
    BundleError,
    ChecksumError,
    LabelError,
    LanguageError,
)
from spanport_models.manifest import EncoderManifest, TranslatorManifest, read_manifest


@pytest.fixture
def encoder(encoder_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(encoder_bundle, tmp_path / "encoder"))


@pytest.fixture
def translator(translator_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(translator_bundle, tmp_path / "translator"))


def edit(folder: Path, **changes: object) -> None:
    """Change the manifest, with the checksums of the files as they now are."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | changes
    manifest["files"] = {name: sha256_of(folder / name) for name in manifest["files"]}
    path.write_text(json.dumps(manifest))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_bundle_opens(encoder: Path) -> None:
    assert open_bundle(encoder, EncoderManifest).layer == 2
    assert verify_bundle(encoder) == [encoder]


def test_one_flipped_bit_is_found(encoder: Path) -> None:
    flip(encoder / "model.onnx")
    with pytest.raises(ChecksumError, match=r"model\.onnx is corrupted.*SHA-256.*expected SHA-256"):
        Encoder(encoder)


def test_a_truncated_file_is_found(translator: Path) -> None:
    (translator / "model.bin").write_bytes((translator / "model.bin").read_bytes()[:-100])
    with pytest.raises(ChecksumError, match=r"model\.bin"):
        Translator(translator)


@pytest.mark.parametrize("name", ["vmap.txt", "target_tokenizer.json", "weights.data", "deep/weights.md"])
@pytest.mark.parametrize("verify", ["sha256", "size"])
def test_a_file_that_is_not_listed_is_an_error(translator: Path, name: str, verify: Verify) -> None:
    (translator / name).parent.mkdir(exist_ok=True)
    (translator / name).write_text("read by the runtime")
    with pytest.raises(BundleError, match=f"manifest.json does not list '{name}'"):
        open_bundle(translator, TranslatorManifest, verify=verify)


def test_a_manifest_that_lists_nothing_is_an_error(encoder: Path) -> None:
    path = encoder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))
    with pytest.raises(BundleError, match=r"does not list 'model\.onnx', 'tokenizer\.json'"):
        Encoder(encoder)


def test_links_are_refused_though_their_target_has_the_right_checksum(encoder: Path, tmp_path: Path) -> None:
    outside = (encoder / "tokenizer.json").rename(tmp_path / "outside.json")
    (encoder / "tokenizer.json").symlink_to(outside)
    with pytest.raises(BundleError, match=r"tokenizer\.json is a link"):
        open_bundle(encoder, EncoderManifest)


def test_special_files_are_refused_at_once(encoder: Path) -> None:
    (encoder / "tokenizer.json").unlink()
    os.mkfifo(encoder / "tokenizer.json")
    with pytest.raises(BundleError, match=r"tokenizer\.json is a special file"):
        open_bundle(encoder, EncoderManifest)


@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_or_empty_file_is_named(encoder: Path, empty: bool) -> None:
    (encoder / "tokenizer.json").unlink()
    if empty:
        (encoder / "tokenizer.json").touch()
    with pytest.raises(BundleError, match=r"tokenizer\.json is (empty|missing)"):
        open_bundle(encoder, EncoderManifest, verify="size")


def test_the_wrong_kind_is_refused(encoder: Path) -> None:
    with pytest.raises(BundleError, match="kind 'encoder'; expected kind 'translator'"):
        open_bundle(encoder, TranslatorManifest)


def test_another_precision_is_refused(encoder: Path) -> None:
    with pytest.raises(BundleError, match="holds fp32 weights and int8 was asked for"):
        Encoder(encoder, precision="int8")


def test_a_broken_graph_with_the_right_checksum_is_named(encoder: Path) -> None:
    (encoder / "model.onnx").write_bytes(b"not a graph")
    edit(encoder)
    with pytest.raises(BundleError, match="cannot be loaded by ONNX Runtime"):
        Encoder(encoder)


def test_a_broken_translator_with_the_right_checksum_is_named(translator: Path) -> None:
    (translator / "model.bin").write_bytes(b"not a model")
    edit(translator)
    with pytest.raises(BundleError, match="cannot be loaded by CTranslate2"):
        Translator(translator)


def test_a_broken_tokenizer_is_named(encoder: Path) -> None:
    (encoder / "tokenizer.json").write_text("{}")
    edit(encoder)
    with pytest.raises(BundleError, match="cannot be read as a tokenizer"):
        Encoder(encoder)


def test_the_wrong_architecture_is_named(encoder: Path) -> None:
    edit(encoder, hidden_size=64)
    with pytest.raises(ArchitectureError, match=r"hidden_states of shape.*the manifest says 64 hidden units"):
        Encoder(encoder)


def test_the_wrong_number_of_labels_is_named(encoder: Path) -> None:
    edit(encoder, labels=["O", "B-PER"])
    with pytest.raises(ArchitectureError, match="the manifest says 2 labels"):
        Encoder(encoder)


def test_the_wrong_labels_are_named(encoder: Path) -> None:
    edit(encoder, labels=["O", "PER", "LOC", "ORG", "MISC"])
    with pytest.raises(LabelError, match="'PER' is not an entity label"):
        Encoder(encoder)


def test_a_graph_of_another_task_is_named(encoder: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra 'export'")
    graph = onnx.load(encoder / "head.onnx")
    graph.graph.output[0].name = "something"
    for node in graph.graph.node:
        node.output[:] = ["something" if name == "logits" else name for name in node.output]
    onnx.save(graph, encoder / "head.onnx")
    edit(encoder)
    with pytest.raises(ArchitectureError, match=r"outputs .*something"):
        Encoder(encoder)


def test_a_language_token_that_the_tokenizer_lacks_is_named(translator: Path) -> None:
    edit(translator, languages={"eng_Latn": "eng_Latn", "fra_Latn": "fra_Latn"})
    with pytest.raises(ArchitectureError, match="no token 'fra_Latn'"):
        Translator(translator)


def test_an_unknown_language_suggests_the_nearest(translator: Path) -> None:
    with pytest.raises(LanguageError, match="did you mean 'spa_Latn'"):
        Translator(translator).tokenize(["x"], "spa")


def test_large_files_are_hashed_once_until_they_change(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counting(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(bundle, "STAMP_FROM_BYTES", 1)
    monkeypatch.setattr(bundle, "sha256_of", counting)
    manifest = read_manifest(encoder)
    verify_files(encoder, manifest)
    verify_files(encoder, manifest)
    assert sorted(hashed) == sorted(manifest.files)
    flip(encoder / "model.onnx")
    with pytest.raises(ChecksumError):
        verify_files(encoder, manifest)
    hashed.clear()
    with pytest.raises(ChecksumError):
        verify_bundle(encoder)
    assert "model.onnx" in hashed


def test_verification_that_was_asked_for_hashes_whatever_the_stamps_say(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "STAMP_FROM_BYTES", 1)
    path, manifest = encoder / "model.onnx", read_manifest(encoder)
    verify_files(encoder, manifest)
    times = path.stat()
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    verify_files(encoder, manifest)
    with pytest.raises(ChecksumError, match=r"model\.onnx"):
        verify_bundle(encoder)


def test_a_full_disk_is_told_from_a_missing_file(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(BundleError, match=r"No space left on device; expected \d+ MB free at .*Free some space"):
        bundle.copy_bundle(encoder, tmp_path / "copy")
    monkeypatch.undo()
    (encoder / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"No such file.*expected every file named in the manifest"):
        bundle.copy_bundle(encoder, tmp_path / "other")
