import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spanport import Engine, Pair, Sentence, Span
from spanport.errors import ModelError
from spanport_models import (
    PipelineBundle,
    assemble_pipeline,
    calibrate_pipeline,
    list_models,
    load_bundle,
    verify_bundle,
)
from spanport_models.errors import BundleError, ChecksumError, UnknownModelError
from spanport_models.places import models_folder


@pytest.fixture
def pipeline(encoder_bundle: Path, translator_bundle: Path, tmp_path: Path) -> Path:
    lexicon = tmp_path / "lexicon.npz"
    np.savez(lexicon, keys=np.arange(3, dtype=np.uint64), scores=np.zeros(3, np.uint8))
    return assemble_pipeline(
        tmp_path / "pair",
        name="pair",
        encoder=encoder_bundle,
        translator=translator_bundle,
        lexicon=lexicon,
        mixture={"neural": 1.0, "extraction": "softmax"},
    )


def test_components_are_loaded_with_the_settings_given(pipeline: Path) -> None:
    bundle = load_bundle(pipeline, device="cpu", inter_threads=1)
    assert isinstance(bundle, PipelineBundle)
    assert bundle.mixture == {"neural": 1.0, "extraction": "softmax"}
    assert bundle.lexicon_path is not None
    assert bundle.lexicon_path.is_file()
    assert bundle.encoder().labels[0] == "O"
    assert bundle.translator().inter_threads == 1
    assert bundle.aligner() is None
    assert verify_bundle(pipeline) == [pipeline, pipeline / "encoder", pipeline / "translator"]


def test_an_exchanged_component_is_found(pipeline: Path) -> None:
    manifest = pipeline / "encoder" / "manifest.json"
    content = manifest.read_text()
    manifest.unlink()  # the file may be a hard link: write a new one
    manifest.write_text(content.replace('"layer": 2', '"layer": 1'))
    with pytest.raises(ChecksumError, match=r"encoder/manifest\.json"):
        load_bundle(pipeline)


def test_a_component_that_is_not_listed_is_refused(pipeline: Path) -> None:
    path = pipeline / "manifest.json"
    path.write_text(re.sub(r'"encoder/manifest.json": "\w+",?', "", path.read_text()))
    with pytest.raises(BundleError, match=r"manifest\.json does not list 'encoder/manifest\.json'"):
        load_bundle(pipeline)


def test_a_component_elsewhere_is_refused(pipeline: Path, tmp_path: Path) -> None:
    (pipeline / "encoder").rename(tmp_path / "elsewhere")
    (pipeline / "encoder").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="encoder is a link"):
        load_bundle(pipeline)


def test_documents_may_lie_beside_a_pipeline(pipeline: Path) -> None:
    (pipeline / "MODEL_CARD.md").write_text("For people.")
    load_bundle(pipeline)
    (pipeline / "extra.npz").write_text("For whom?")
    with pytest.raises(BundleError, match=r"does not list 'extra\.npz'"):
        load_bundle(pipeline)


def test_a_pipeline_can_do_without_a_translator(encoder_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(assemble_pipeline(tmp_path / "alone", name="alone", encoder=encoder_bundle))
    assert bundle.lexicon_path is None
    with pytest.raises(BundleError, match="has no translator"):
        bundle.translator()


def test_an_existing_folder_is_never_overwritten(pipeline: Path, encoder_bundle: Path) -> None:
    with pytest.raises(BundleError, match="already exists"):
        assemble_pipeline(pipeline, name="again", encoder=encoder_bundle)


def test_nothing_is_left_of_a_failed_assembly(encoder_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        assemble_pipeline(tmp_path / "out", name="x", encoder=encoder_bundle, lexicon=tmp_path / "none.npz")
    assert list(tmp_path.glob("*out*")) == list(tmp_path.glob(".out*")) == []


def test_an_encoder_alone_serves_as_a_pipeline(encoder_bundle: Path, translator_bundle: Path) -> None:
    bundle = load_bundle(encoder_bundle, device="cpu")
    assert bundle.encoder().labels == ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    assert bundle.mixture == {"neural": 1.0}
    assert bundle.aligner() is bundle.lexicon_path is bundle.calibration_path is None
    with pytest.raises(BundleError, match="has no translator"):
        bundle.translator()
    with pytest.raises(BundleError, match="kind 'translator'; expected kind 'pipeline' or 'encoder'"):
        load_bundle(translator_bundle)


def test_the_engine_aligns_projects_and_transfers_with_an_encoder_alone(encoder_bundle: Path) -> None:
    pair = Pair(Sentence("Ana lives in Oslo", spans=(Span(0, 3, "PER"),)), Sentence("Ana vive en Oslo"))
    with Engine.from_bundle(str(encoder_bundle), device="cpu", threads=1, align="simalign-argmax") as engine:
        (alignment,) = engine.align([pair])
        assert alignment.links
        (projected,) = engine.project([pair], system="ngram")
        assert projected.target.text == "Ana vive en Oslo"
        (labelled,) = engine.label(["Ana vive en Oslo"], lang="spa_Latn", system="model-transfer")
        assert labelled.target.text == "Ana vive en Oslo"
        with pytest.raises(ModelError, match="has no translator"):
            list(engine.label(["Ana vive en Oslo"], lang="spa_Latn", system="ngram"))


def test_models_in_the_users_folder_have_names(pipeline: Path) -> None:
    shutil.copytree(pipeline, models_folder() / "mine")
    assert "mine" in {entry.name for entry in list_models()}
    assert load_bundle("mine").path == models_folder() / "mine"


def test_an_unknown_name_suggests_one(pipeline: Path) -> None:
    shutil.copytree(pipeline, models_folder() / "mine")
    with pytest.raises(UnknownModelError, match=r"no model named 'mines'.*did you mean 'mine'"):
        load_bundle("mines")


def test_importing_loads_no_runtime() -> None:
    code = (
        "import sys, spanport_models, spanport_models.pipeline, spanport_models.export.options;"
        "heavy = {'onnxruntime', 'ctranslate2', 'tokenizers', 'torch', 'transformers', 'huggingface_hub'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_running_a_model_needs_neither_torch_nor_network(pipeline: Path) -> None:
    code = f"""
import socket, sys
sys.modules['torch'] = sys.modules['transformers'] = sys.modules['huggingface_hub'] = None
def refuse(*_, **__):
    raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
from spanport_models import load_bundle
bundle = load_bundle({str(pipeline)!r}, device="cpu")
print(bundle.encoder().encode([["Ana", "Oslo"]]).word_probabilities.shape)
print(len(bundle.translator().translate(["Ana"], "spa_Latn", "eng_Latn", max_decoding_length=4)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split("\n")[:2] == ["(2, 5)", "1"], result.stderr


def test_a_calibration_is_put_in_and_replaced(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(load_bundle("mini", device="cpu").path, tmp_path / "mine"))
    for content in (b'{"fitted": "once"}', b'{"fitted": "twice"}'):
        calibrate_pipeline(folder, content)
        bundle = load_bundle(folder, device="cpu")
        assert bundle.calibration_path is not None
        assert bundle.calibration_path.read_bytes() == content
        assert bundle.mixture == load_bundle("mini", device="cpu").mixture
    calibrate_pipeline(folder, content, mixture={"neural": 2.0})
    assert load_bundle(folder, device="cpu").mixture == {"neural": 2.0}
    bundle.calibration_path.write_bytes(b"{}")
    with pytest.raises(ChecksumError, match=r"calibration\.json"):
        load_bundle(folder)
