"""Bound runs give what plain runs give, and replicas take turns."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import spanport_models
from spanport_models.devices import Device
from spanport_models.manifest import EncoderManifest, read_manifest
from spanport_models.session import EncoderSession, Graphs, _saturates

FOLDER = Path(spanport_models.__file__).parent / "mini" / "encoder"
IDS = np.array([[0, 40, 50, 60, 2], [0, 70, 2, 1, 1]], dtype=np.int64)
MASK = (IDS != 1).astype(np.int64)


@pytest.fixture(scope="module")
def manifest() -> EncoderManifest:
    manifest = read_manifest(FOLDER)
    assert isinstance(manifest, EncoderManifest)
    return manifest


def plain(graphs: Graphs) -> tuple[np.ndarray, np.ndarray]:
    feeds = {"input_ids": IDS, "attention_mask": MASK}
    (states,) = graphs.body.run(["hidden_states"], feeds)
    feeds["hidden_states"] = states
    wanted = {value.name for value in graphs.head.get_inputs()}
    (logits,) = graphs.head.run(["logits"], {name: feeds[name] for name in wanted})
    return states, logits


@pytest.mark.parametrize(("hidden", "logits"), [(True, True), (True, False), (False, True)])
def test_bound_outputs_equal_plain_ones(manifest: EncoderManifest, hidden: bool, logits: bool) -> None:
    session = EncoderSession(FOLDER, manifest, Device("cpu"), 1)
    (graphs,) = session.replicas
    outputs = session.run(IDS, MASK, hidden=hidden, logits=logits)
    expected = dict(zip(("hidden_states", "logits"), plain(graphs), strict=True))
    assert sorted(outputs) == ["hidden_states"] * hidden + ["logits"] * logits
    for name, value in outputs.items():
        np.testing.assert_array_equal(value, expected[name])


def test_several_devices_take_turns_and_agree(manifest: EncoderManifest, monkeypatch: pytest.MonkeyPatch) -> None:
    session = EncoderSession(FOLDER, manifest, Device("cpu", (0, 0)), 1)
    turns: list[Graphs] = []
    run = Graphs.run
    monkeypatch.setattr(Graphs, "run", lambda self, *a, **k: turns.append(self) or run(self, *a, **k))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: session.run(IDS, MASK, hidden=False, logits=True)["logits"], range(6)))
    assert all(np.array_equal(result, results[0]) for result in results)
    assert sorted(map(turns.count, session.replicas)) == [3, 3]


def test_unsigned_weights_are_for_processors_without_vnni(
    manifest: EncoderManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags, expected in (("flags : avx2 avx512_vnni", "0"), ("flags : sse avx2", "1"), (None, "1")):

        def read(path: Path, flags: str | None = flags) -> str:
            if flags is None:
                raise FileNotFoundError(path)
            return flags

        monkeypatch.setattr(Path, "read_text", read)
        _saturates.cache_clear()
        session = EncoderSession(FOLDER, manifest, Device("cpu"), 1).replicas[0].body
        assert session.get_session_options().get_session_config_entry("session.x64quantprecision") == expected
    _saturates.cache_clear()
