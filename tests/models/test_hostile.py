"""Bundles that somebody made to do harm, or by mistake: whatever they hold, an error of ours, in words, and soon."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanport_models import Encoder, Translator, load_bundle
from spanport_models.bundle import sha256_of, verify_bundle
from spanport_models.errors import SpanportError
from spanport_models.lexicon import Lexicon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

FIELDS = (
    *("kind", "format", "name", "licence", "files", "languages", "labels", "layer", "hidden_size", "max_length"),
    *("components", "mixture", "precision", "language_tokens", "architecture", "shortlist", "sources"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["../x", "/etc/passwd", ".", "encoder", "model.onnx", "manifest.json", "\x1b[2J", "a" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def opened(folder: Path) -> None:
    """All that opening a bundle of any kind does."""
    uses: tuple[Callable[[Path], object], ...] = (load_bundle, verify_bundle, Encoder, Translator)
    said = [message(use, folder) for use in uses]
    assert all(text != "" and "\x1b" not in str(text) for text in said)


def message(use: Callable[[Path], object], path: Path) -> str | None:
    """What an error of ours says, None where there is none; any other error is raised."""
    try:
        use(path)
    except SpanportError as error:
        return str(error)
    return None


@EXAMPLES
@given(
    st.sampled_from(["encoder", "translator"]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1, max_size=3),
)
def test_manifests_with_anything_in_any_field(
    recorded: Path, tmp_path_factory: pytest.TempPathFactory, part: str, changes: dict[str, Any]
) -> None:
    folder = Path(shutil.copytree(recorded / part, tmp_path_factory.mktemp("x") / "bundle"))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    opened(folder)
    shutil.rmtree(folder)


@EXAMPLES
@given(
    st.sampled_from(["manifest.json", "tokenizer.json"]),
    st.integers(0, 6000),
    st.binary(max_size=6),
    st.integers(0, 40),
)
def test_texts_with_bytes_exchanged(
    recorded: Path, tmp_path_factory: pytest.TempPathFactory, name: str, at: int, put: bytes, cut: int
) -> None:
    folder = Path(shutil.copytree(recorded / "encoder", tmp_path_factory.mktemp("x") / "bundle"))
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[:at] + put + raw[at + cut :])
    if name != "manifest.json":  # with the right checksum, as whoever means harm would do
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"][name] = sha256_of(folder / name)
        (folder / "manifest.json").write_text(json.dumps(manifest))
    opened(folder)
    shutil.rmtree(folder)


@EXAMPLES
@given(st.integers(0, 1_300_000), st.binary(max_size=8), st.integers(0, 3000))
def test_lexicons_with_bytes_exchanged(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, cut: int
) -> None:
    path = load_bundle("mini", device="cpu").lexicon_path
    assert path is not None
    raw = path.read_bytes()
    copy = tmp_path_factory.mktemp("x") / "lexicon.npz"
    copy.write_bytes(raw[:at] + put + raw[at + cut :])
    assert "cannot be read as a lexicon" in (message(Lexicon.load, copy) or "cannot be read as a lexicon")
    copy.unlink()
