"""Word embeddings in 4- and 8-bit blocks, decoded by a slow twin and by ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="needs the extra spanport[export]")

from onnx import TensorProto, helper, numpy_helper

import tiny_models as tiny
from spanport_models import Encoder
from spanport_models.errors import ExportError
from spanport_models.export import EncoderOptions, export_encoder
from spanport_models.export.embeddings import in_eight_bits, in_four_bits, store_embeddings
from spanport_models.manifest import read_manifest

Floats = NDArray[np.float32]


def four_bit_table(rows: int = 50, width: int = 64) -> Floats:
    """A table that was in 4-bit blocks: also with a zero block, small multiples only, and scales of both signs."""
    random = np.random.default_rng(5)
    levels = random.integers(-8, 8, (rows, width // 32, 32)).astype(np.float32)
    levels[3, 0] = 0
    levels[4, -1] = np.clip(levels[4, -1], -3, 2)
    levels[5, 0] = np.clip(levels[5, 0], -7, 7)
    scales = random.standard_normal((rows, width // 32, 1)).astype(np.float16).astype(np.float32)
    return (levels * scales).reshape(rows, width)


def naive(codes: NDArray[np.uint8], scales: NDArray[np.float16], bits: int) -> Floats:
    rows = []
    for code, scale in zip(codes.tolist(), scales[..., 0].astype(np.float32), strict=True):
        numbers = [byte & 15 for byte in code] + [byte >> 4 for byte in code] if bits == 4 else code
        rows.append([(n - 2 ** (bits - 1)) * scale[j // 32] for j, n in enumerate(numbers)])
    return np.array(rows, np.float32)


def look_up(table: Floats) -> Any:
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["input_ids", "shape"], ["ids"]),
            helper.make_node("Gather", ["table", "ids"], ["states"]),
        ],
        "look-up",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ("b", "t"))],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([0, 0]), "shape")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: Any, ids: NDArray[np.int64]) -> Floats:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    states: Floats = session.run(["states"], {"input_ids": ids})[0]
    return states


def test_what_was_in_four_bits_loses_nothing() -> None:
    table = four_bit_table()
    codes = in_four_bits(table, exact=True)
    assert codes is not None
    np.testing.assert_array_equal(naive(*codes, 4), table)
    assert codes[0].nbytes + codes[1].nbytes == table.size * 9 // 16


def test_what_was_not_is_left_alone_or_rounded() -> None:
    table = four_bit_table()
    table[7, 40] += 1e-6
    assert in_four_bits(table, exact=True) is None
    codes = in_four_bits(table, exact=False)
    assert codes is not None
    np.testing.assert_allclose(naive(*codes, 4), table, atol=2e-6)


def test_eight_bits_are_off_by_half_a_step_at_most() -> None:
    table = np.random.default_rng(6).standard_normal((40, 64)).astype(np.float32)
    table[2, :32] = 0
    step = np.abs(table.reshape(40, 2, 32)).max(axis=2).repeat(32, axis=1) / 127
    assert (np.abs(naive(*in_eight_bits(table), 8) - table) <= 0.52 * step + 1e-4 * np.abs(table)).all()


@pytest.mark.parametrize("storage", ["auto", "int4", "int8"])
def test_the_graph_decodes_as_the_twin_does(storage: str) -> None:
    table = four_bit_table()
    model, ids = look_up(table), np.array([[0, 3, 49], [7, 4, 5]])
    assert store_embeddings(model, storage, exact=False) == ("int8" if storage == "int8" else "int4")
    expected = naive(*in_eight_bits(table), 8) if storage == "int8" else table
    np.testing.assert_array_equal(run(model, ids), expected[ids])
    assert "table" not in {tensor.name for tensor in model.graph.initializer}


def test_auto_is_eight_bits_or_nothing_where_four_would_lose() -> None:
    table = np.random.default_rng(6).standard_normal((40, 64)).astype(np.float32)
    assert store_embeddings(look_up(table), "auto", exact=False) == "int8"
    model = look_up(table)
    assert store_embeddings(model, "auto", exact=True) == ""
    np.testing.assert_array_equal(run(model, np.array([[1, 2]]))[0], table[[1, 2]])


def test_a_width_that_blocks_do_not_divide_is_refused_when_asked_for() -> None:
    table = np.ones((40, 48), np.float32)
    assert store_embeddings(look_up(table), "auto", exact=False) == ""
    with pytest.raises(ExportError, match="no word embeddings that can be stored as int4"):
        store_embeddings(look_up(table), "int4", exact=False)


def test_a_bundle_has_them_in_a_file_of_their_own(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra spanport[export]")
    from transformers import XLMRobertaForTokenClassification

    source = tiny.xlm_roberta(tmp_path / "source")
    network = XLMRobertaForTokenClassification.from_pretrained(source).eval()
    words = network.roberta.embeddings.word_embeddings.weight
    with torch.no_grad():
        words.copy_(torch.from_numpy(four_bit_table(len(words), 32)))
    network.save_pretrained(source)
    report = export_encoder(source, tmp_path / "out", EncoderOptions(precision="fp32", layer=2))
    assert report.embeddings == "int4"
    assert report.label_agreement == 1.0
    assert (tmp_path / "out" / "embeddings.onnx_data").stat().st_size == len(words) * 18
    assert "embeddings.onnx_data" in read_manifest(tmp_path / "out").files
    hidden = Encoder(tmp_path / "out").encode([tiny.TEXTS[0].split()]).hidden
    assert np.isfinite(hidden).all()
