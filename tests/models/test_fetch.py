"""Downloads from a small local server that speaks the hub's endpoints."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_server import COMMIT, Hub, serve
from spanport_models import find_model
from spanport_models.errors import (
    BundleError,
    ChecksumError,
    FetchError,
    NotFetchedError,
    OfflineError,
    UnsafeWeightsError,
)
from spanport_models.fetch import fetch
from spanport_models.places import models_folder

pytest.importorskip("huggingface_hub", reason="needs the extra spanport[hub]")

WEIGHTS = bytes(range(256)) * 4000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub = Hub()
    hub.repositories["lab/tagger"] = {
        "config.json": b'{"model_type": "bert"}',
        "model.safetensors": WEIGHTS,
        "tokenizer.json": b"{}",
        "pytorch_model.bin": b"pickle",
        "training/log.txt": b"...",
    }
    with serve(hub):
        yield hub


def test_what_is_needed_arrives_whole(hub: Hub) -> None:
    said: list[str] = []
    fetched = fetch("lab/tagger", endpoint=hub.endpoint, progress=said.append)
    assert (fetched.path / "model.safetensors").read_bytes() == WEIGHTS
    assert not (fetched.path / "pytorch_model.bin").exists()
    assert not (fetched.path / "training").exists()
    assert (fetched.ready, fetched.commit) == (False, COMMIT)
    assert fetched.path == models_folder() / "sources" / "tagger"
    assert "fetching model.safetensors" in said


def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    fetch("lab/tagger", endpoint=hub.endpoint)
    hub.requests.clear()
    assert fetch("lab/tagger", endpoint=hub.endpoint).commit == COMMIT
    assert hub.requests == []


def test_a_damaged_file_is_fetched_again(hub: Hub) -> None:
    path = fetch("lab/tagger", endpoint=hub.endpoint).path / "model.safetensors"
    path.write_bytes(b"damaged")
    with pytest.raises(ChecksumError):
        fetch("lab/tagger", endpoint=hub.endpoint)
    fetch("lab/tagger", endpoint=hub.endpoint)
    assert path.read_bytes() == WEIGHTS


def test_an_interrupted_download_goes_on_where_it_stopped(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.file_download

    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    hub.break_after = 300_000
    try:
        fetched = fetch("lab/tagger", endpoint=hub.endpoint)
    except FetchError:
        fetched = fetch("lab/tagger", endpoint=hub.endpoint)
    assert (fetched.path / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=300000-"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_wrong_checksum_is_an_error_and_the_file_goes(hub: Hub, name: str) -> None:
    hub.lie_about.add(name)
    with pytest.raises(ChecksumError, match=rf"{name} arrived with digest"):
        fetch("lab/tagger", endpoint=hub.endpoint)
    assert not (models_folder() / "sources" / "tagger" / name).exists()


def test_a_missing_file_is_named(hub: Hub) -> None:
    hub.vanished.add("tokenizer.json")
    with pytest.raises(NotFetchedError, match="lab/tagger cannot be fetched"):
        fetch("lab/tagger", endpoint=hub.endpoint)


@pytest.mark.parametrize(("name", "revision"), [("lab/nothing", None), ("lab/tagger", "v9"), ("a b/c", None)])
def test_what_does_not_exist_is_an_error(hub: Hub, name: str, revision: str | None) -> None:
    with pytest.raises(NotFetchedError):
        fetch(name, endpoint=hub.endpoint, revision=revision)


def test_no_network_is_an_error() -> None:
    with pytest.raises(FetchError, match="fetching lab/tagger failed"):
        fetch("lab/tagger", endpoint="http://127.0.0.1:9")


def test_offline_mode_is_honoured(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="HF_HUB_OFFLINE is set"):
        fetch("lab/tagger", endpoint=hub.endpoint)
    assert hub.requests == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    fetch("lab/tagger", endpoint=hub.endpoint)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch("lab/tagger", endpoint=hub.endpoint).commit == COMMIT


def test_pickled_weights_need_a_flag(hub: Hub) -> None:
    del hub.repositories["lab/tagger"]["model.safetensors"]
    with pytest.raises(UnsafeWeightsError, match="pickled pytorch_model"):
        fetch("lab/tagger", endpoint=hub.endpoint)
    path = fetch("lab/tagger", endpoint=hub.endpoint, allow_pickle=True).path
    assert (path / "pytorch_model.bin").read_bytes() == b"pickle"


def test_a_bundle_on_the_hub_is_ready_at_once(hub: Hub, encoder_bundle: Path) -> None:
    hub.repositories["lab/ready"] = {path.name: path.read_bytes() for path in encoder_bundle.iterdir()}
    assert fetch("lab/ready", endpoint=hub.endpoint).ready
    assert find_model("ready") == models_folder() / "ready"


def test_a_local_folder_works_the_same(encoder_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoder_bundle, tmp_path / "mirror"))
    fetched = fetch("lab/mine", source=folder)
    assert (fetched.ready, fetched.path) == (True, models_folder() / "mine")
    (folder / "model.onnx").write_bytes(b"broken")
    with pytest.raises(ChecksumError):
        fetch("lab/other", source=folder)


def test_a_converted_translator_becomes_a_bundle(
    hub: Hub, translator_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spanport_models import Translator

    files = {path.name: path.read_bytes() for path in translator_bundle.iterdir()}
    del files["manifest.json"]
    repository = "entai2965/nllb-200-distilled-600M-ctranslate2"
    hub.repositories[repository] = files
    fetched = fetch("nllb-600m-ct2", endpoint=hub.endpoint)
    assert fetched.licence == "CC-BY-NC-4.0"
    translator = Translator(fetched.path, device="cpu")
    assert "spa_Latn" in translator.languages
    assert translator.translate(["Ana"], "spa_Latn", "eng_Latn", max_decoding_length=4)
    del files["tokenizer.json"]
    monkeypatch.setenv("SPANPORT_HOME", str(models_folder().parent / "other"))
    with pytest.raises(BundleError, match=r"lacks tokenizer\.json"):
        fetch("nllb-600m-ct2", endpoint=hub.endpoint)
