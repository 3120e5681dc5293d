"""Downloads from a small local server that speaks the hub's endpoints."""

import dataclasses
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_server import COMMIT, Hub, serve
from spanport_models import cards, fetch, find_model, list_models
from spanport_models.errors import (
    BundleError,
    ChecksumError,
    FetchError,
    NotFetchedError,
    OfflineError,
    UnknownModelError,
)
from spanport_models.fetch import Fetched
from spanport_models.places import models_folder

constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra spanport[hub]")

WEIGHTS = bytes(range(256)) * 4000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "hub"


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    hub.repositories["lab/tagger"] = {
        "config.json": b'{"model_type": "bert"}',
        "model.safetensors": WEIGHTS,
        "tokenizer.json": b"{}",
        "pytorch_model.bin": b"pickle",
        "training/log.txt": b"...",
        "odd[1].txt": b"brackets",
    }
    with serve(hub):
        yield hub


def got(hub: Hub, name: str = "lab/tagger", revision: str | None = None) -> Fetched:
    return fetch.fetch(name, endpoint=hub.endpoint, revision=revision)


def test_what_is_needed_arrives_whole_in_the_hubs_own_cache(hub: Hub, cache: Path) -> None:
    said: list[str] = []
    fetched = fetch.fetch("lab/tagger", endpoint=hub.endpoint, progress=said.append)
    assert {path.name for path in fetched.path.iterdir()} == {
        "config.json", "model.safetensors", "odd[1].txt", "tokenizer.json"
    }  # fmt: skip
    assert (fetched.path / "model.safetensors").read_bytes() == WEIGHTS
    assert (fetched.ready, fetched.commit) == (False, COMMIT)
    assert fetched.path == cache / "models--lab--tagger" / "snapshots" / COMMIT
    assert said == [f"fetching 4 files of lab/tagger at {COMMIT}"]


def test_what_is_in_the_users_cache_is_not_fetched_again(hub: Hub) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download("lab/tagger", endpoint=hub.endpoint)
    hub.requests.clear()
    assert got(hub).commit == COMMIT
    assert all(path.startswith("/api/models/") for path in hub.requests)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_is_not_what_the_hub_says_goes(hub: Hub, name: str) -> None:
    hub.lie_about.add(name)
    with pytest.raises(ChecksumError, match=rf"{name} has digest \w+ and was removed"):
        got(hub)
    hub.lie_about.clear()
    assert (got(hub).path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_damaged_file_of_the_cache_is_fetched_again(hub: Hub) -> None:
    path = got(hub).path / "model.safetensors"
    path.write_bytes(b"damaged")
    with pytest.raises(ChecksumError):
        got(hub)
    got(hub)
    assert path.read_bytes() == WEIGHTS


def test_an_interrupted_download_goes_on_where_it_stopped(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.file_download

    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    hub.break_after = 300_000
    try:
        fetched = got(hub)
    except FetchError:
        fetched = got(hub)
    assert (fetched.path / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=300000-"]


def test_a_missing_file_is_named(hub: Hub) -> None:
    hub.vanished.add("tokenizer.json")
    with pytest.raises(NotFetchedError, match="lab/tagger cannot be fetched"):
        got(hub)


@pytest.mark.parametrize(
    ("name", "revision"),
    [("lab/nothing", None), ("lab/tagger", "v9"), ("a b/c", None), ("../evil", None), ("a/b/c", None)],
)
def test_what_does_not_exist_is_an_error(hub: Hub, name: str, revision: str | None) -> None:
    with pytest.raises(NotFetchedError):
        got(hub, name, revision)


def test_the_nearest_known_name_is_shown(hub: Hub) -> None:
    with pytest.raises(NotFetchedError, match="did you mean 'facebook/nllb-200-distilled-600M'"):
        got(hub, "facebook/nllb-200-distiled-600M")
    with pytest.raises(NotFetchedError, match="did you mean 'nllb-600m'"):
        got(hub, "nllb-600")


def test_no_network_is_an_error() -> None:
    with pytest.raises(FetchError, match="fetching lab/tagger failed"):
        fetch.fetch("lab/tagger", endpoint="http://127.0.0.1:9")


def test_a_hub_that_never_answers_is_an_error_soon(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetch.PATIENCE < 30
    monkeypatch.setattr(fetch, "PATIENCE", 0.2)
    hub.silent = 3.0
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"fetching lab/tagger failed: .*timed out"):
        got(hub)
    assert time.monotonic() - start < hub.silent


def test_a_file_without_a_name_is_an_error(hub: Hub) -> None:
    hub.nameless = True
    with pytest.raises(FetchError, match="lab/tagger has a file without a name"):
        got(hub)


def test_a_commit_that_was_asked_for_must_come(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert got(hub, revision=COMMIT).commit == COMMIT
    hub.commit = "d" * 40
    with pytest.raises(ChecksumError, match=f"answered with commit d+ of lab/tagger; expected {COMMIT}"):
        got(hub, revision=COMMIT)
    card = cards.CARDS["nllb-600m"]
    hub.repositories[card.repository] = hub.repositories["lab/tagger"]
    monkeypatch.setitem(cards.CARDS, card.name, dataclasses.replace(card, revision=COMMIT))
    with pytest.raises(ChecksumError, match=f"expected {COMMIT}"):
        got(hub, "nllb-600m")


def test_offline_mode_is_honoured(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="HF_HUB_OFFLINE is set"):
        got(hub)
    assert hub.requests == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    got(hub)
    hub.requests.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert got(hub).commit == COMMIT
    assert hub.requests == []


def test_pickled_weights_come_where_there_are_no_others(hub: Hub) -> None:
    files = hub.repositories["lab/tagger"]
    del files["model.safetensors"]
    files["optimizer.bin"] = files["training_args.bin"] = b"pickles that are no weights"
    path = got(hub).path
    assert {item.name for item in path.glob("*.bin")} == {"pytorch_model.bin"}


def test_a_bundle_on_the_hub_is_ready_at_once(hub: Hub, encoder_bundle: Path) -> None:
    files = {path.name: path.read_bytes() for path in encoder_bundle.iterdir()}
    hub.repositories["lab/ready"] = files | {"README.md": b"for people", "extra.txt": b"not listed"}
    assert got(hub, "lab/ready").ready
    folder = find_model("lab/ready")
    assert folder == models_folder() / "lab--ready"
    assert {path.name for path in folder.iterdir()} == set(files)
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert "lab/ready" in {entry.name for entry in list_models()}


def test_names_that_end_alike_are_kept_apart(hub: Hub, encoder_bundle: Path) -> None:
    files = {path.name: path.read_bytes() for path in encoder_bundle.iterdir()}
    for owner in ("evil", "good"):
        manifest = files["manifest.json"].replace(b'"licence": "none"', b'"licence": "%s"' % owner.encode())
        hub.repositories[f"{owner}/nllb-600m"] = files | {"manifest.json": manifest}
        assert got(hub, f"{owner}/nllb-600m").path == models_folder() / f"{owner}--nllb-600m"
    for owner in ("evil", "good"):
        assert f'"licence": "{owner}"' in (find_model(f"{owner}/nllb-600m") / "manifest.json").read_text()
    with pytest.raises(UnknownModelError, match="export pipeline OUT"):
        find_model("nllb-600m")


def test_another_revision_of_a_bundle_takes_the_place_of_the_first(hub: Hub, encoder_bundle: Path) -> None:
    files = {path.name: path.read_bytes() for path in encoder_bundle.iterdir()}
    hub.repositories["lab/ready"] = files
    got(hub, "lab/ready")
    hub.commit = "d" * 40
    hub.repositories["lab/ready"] = files | {
        "manifest.json": files["manifest.json"].replace(b'"licence": "none"', b'"licence": "new"')
    }
    assert '"licence": "new"' in (got(hub, "lab/ready").path / "manifest.json").read_text()


def test_a_local_folder_works_the_same(encoder_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoder_bundle, tmp_path / "mirror"))
    fetched = fetch.fetch("lab/mine", source=folder)
    assert (fetched.ready, fetched.path) == (True, models_folder() / "lab--mine")
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(b"broken")
    with pytest.raises(ChecksumError):
        fetch.fetch("lab/other", source=folder)
    assert not (models_folder() / "lab--other").exists()


def test_a_converted_translator_becomes_a_bundle(hub: Hub, translator_bundle: Path) -> None:
    from spanport_models import Translator

    files = {path.name: path.read_bytes() for path in translator_bundle.iterdir()}
    del files["manifest.json"]
    hub.repositories["entai2965/nllb-200-distilled-600M-ctranslate2"] = files
    fetched = got(hub, "nllb-600m-ct2")
    assert fetched.licence == "CC-BY-NC-4.0"
    translator = Translator(fetched.path, device="cpu")
    assert translator.manifest.source == f"entai2965/nllb-200-distilled-600M-ctranslate2@{hub.commit}"
    assert "spa_Latn" in translator.languages
    assert translator.translate(["Ana"], "spa_Latn", "eng_Latn", max_decoding_length=4)
    assert got(hub, "nllb-600m-ct2").path == fetched.path
    hub.commit = "d" * 40
    del files["tokenizer.json"]
    with pytest.raises(BundleError, match=r"lacks tokenizer\.json"):
        got(hub, "nllb-600m-ct2")
