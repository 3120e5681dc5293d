"""What calibration finds of the activations that a traced graph multiplies."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra spanport[export]")

import onnx
from onnx import TensorProto, helper, numpy_helper

import tiny_models as tiny
from spanport_models.export.calibration import CALIBRATION_TEXTS, activations, calibration_ids
from spanport_models.tokenization import WordTokenizer

RANDOM = np.random.default_rng(5)
TABLE, WIDE = RANDOM.standard_normal((9, 6)).astype(np.float32), RANDOM.standard_normal((6, 40)).astype(np.float32)


@pytest.mark.parametrize("outside", [False, True])
def test_activations_are_those_of_all_tokens(tmp_path: Path, outside: bool) -> None:
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Mul", ["rows", "column"], ["x"]),
        helper.make_node("MatMul", ["x", "wide"], ["hidden_states"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ("b", "t"))
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("hidden_states", TensorProto.FLOAT, ("b", "t", 40))],
        [
            numpy_helper.from_array(TABLE, "table"),
            numpy_helper.from_array(WIDE, "wide"),
            numpy_helper.from_array(np.array([-1]), "last"),
        ],
    )
    path = tmp_path / "model.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, path, save_as_external_data=outside, size_threshold=100)
    found = activations(path, [np.array([1, 4], np.int32), np.array([2, 2, 7], np.int32)])
    assert list(found) == ["x"]
    np.testing.assert_array_equal(found["x"], TABLE[[1, 4, 2, 2, 7]])


def test_sentences_of_calibration_differ() -> None:
    assert len(set(CALIBRATION_TEXTS)) == len(CALIBRATION_TEXTS) >= 8


def test_sentences_of_a_translator_take_turns_in_beginning_with_its_languages(tmp_path: Path) -> None:
    source = tiny.m2m100(tmp_path / "nllb")
    tokenizer = WordTokenizer(source / "tokenizer.json", 64)
    codes = ["deu_Latn", "eng_Latn", "spa_Latn"]
    plain, begun = calibration_ids(tokenizer), calibration_ids(tokenizer, codes)
    assert len(plain) == len(begun) == len(CALIBRATION_TEXTS)
    for ids, others in zip(plain, begun, strict=True):
        np.testing.assert_array_equal(ids[1:], others[1:])
    assert {ids[0] for ids in begun} == {tokenizer.token_id(code) for code in codes}
