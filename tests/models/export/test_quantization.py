"""Products in int8 against their slow twin, and a token's result without regard to other tokens."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="needs the extra spanport[export]")

from onnx import TensorProto, helper, numpy_helper

from spanport_models.export.channels import prepare
from spanport_models.export.quantization import quantize

Floats = NDArray[np.float32]
RANDOM = np.random.default_rng(3)
WIDE, SQUARE, NARROW = (RANDOM.standard_normal(shape).astype(np.float32) for shape in ((40, 64), (40, 48), (64, 5)))
WIDE[:, 7] = 0


def model() -> Any:
    """Two products of one input, a product of two activations, and a narrow product."""
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "wide"], ["a"]),
            helper.make_node("MatMul", ["x", "square"], ["b"]),
            helper.make_node("Transpose", ["b"], ["t"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["t", "a"], ["both"]),
            helper.make_node("MatMul", ["a", "narrow"], ["logits"]),
        ],
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (None, None, 40))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("a", "b", "both", "logits")],
        [numpy_helper.from_array(w, name) for w, name in ((WIDE, "wide"), (SQUARE, "square"), (NARROW, "narrow"))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def session() -> Any:
    import onnxruntime

    made = model()
    quantize(made)
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


def naive(row: Floats, matrix: Floats) -> Floats:
    scales = [float(np.abs(column).max()) / 127 or 1.0 for column in matrix.T]
    columns = [np.rint(column / scale) for column, scale in zip(matrix.T, scales, strict=True)]
    own = float(np.abs(row).max()) / 127 or 1.0
    rounded = np.rint(row / own)
    return np.array(
        [rounded @ column * own * scale for column, scale in zip(columns, scales, strict=True)], np.float32
    )


def test_products_are_those_of_rounded_rows_and_columns() -> None:
    x = RANDOM.standard_normal((3, 5, 40)).astype(np.float32)
    x[1, 2] *= 1000
    x[2, 0] = 0
    a, b, both, logits = session().run(["a", "b", "both", "logits"], {"x": x})
    for matrix, product in ((WIDE, a), (SQUARE, b)):
        expected = [[naive(row, matrix) for row in sentence] for sentence in x]
        np.testing.assert_allclose(product, np.array(expected), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(both, b.transpose(0, 2, 1) @ a, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(logits, a @ NARROW, rtol=1e-4, atol=1e-3)
    assert (np.abs(a - x @ WIDE) <= 0.1 * np.abs(x).max(axis=-1, keepdims=True)).all()


def test_a_row_does_not_depend_on_the_others() -> None:
    x = RANDOM.standard_normal((4, 6, 40)).astype(np.float32)
    x[0] *= 500
    run = session().run
    together = run(["a"], {"x": x})[0]
    for i, sentence in enumerate(x):
        np.testing.assert_array_equal(run(["a"], {"x": sentence[None]})[0][0], together[i])


def test_only_wide_products_with_constants_are_quantized_and_their_input_once() -> None:
    made = model()
    quantize(made)
    nodes = Counter(node.op_type for node in made.graph.node)
    assert (nodes["MatMulIntegerToFloat"], nodes["MatMul"], nodes["QuantizeLinear"]) == (2, 2, 1)
    types = {tensor.name: tensor.data_type for tensor in made.graph.initializer}
    assert {"wide", "square"}.isdisjoint(types)
    assert list(types.values()).count(TensorProto.INT8) == 2
    assert types["narrow"] == TensorProto.FLOAT


def activated(name: str) -> Any:
    """An activation and a product with its result: GELU as it is traced, ReLU, or a GELU that gates."""
    half, gate = ("half", "x") if name != "gated" else ("x", "half")
    gelu = [
        helper.make_node("Mul", ["x", "root"], ["d"]),
        helper.make_node("Erf", ["d"], ["e"]),
        helper.make_node("Add", ["e", "one"], ["p"]),
        helper.make_node("Mul", [gate, "p"], ["g"]),
        helper.make_node("Mul", ["g", half], ["y"]),
    ]
    nodes = [helper.make_node("Relu", ["x"], ["y"])] if name == "relu" else gelu
    numbers = {"root": 0.5**0.5, "one": 1.0, "half": 0.5}
    graph = helper.make_graph(
        [*nodes, helper.make_node("MatMul", ["y", "wide"], ["a"])],
        "activation",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (None, None, 40))],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, None) for out in ("y", "a")],
        [
            numpy_helper.from_array(WIDE, "wide"),
            *(numpy_helper.from_array(np.float32(value), key) for key, value in numbers.items()),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(("name", "middle"), [("gelu", 32), ("relu", 0), ("gated", None)])
@pytest.mark.parametrize("size", [1.0, 0.01])
def test_what_has_a_least_value_is_quantized_from_there(name: str, middle: int | None, size: float) -> None:
    import onnxruntime

    made = activated(name)
    quantize(made)
    run = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run
    y, product = run(["y", "a"], {"x": size * RANDOM.standard_normal((2, 9, 40)).astype(np.float32)})
    scales = np.abs(WIDE).max(axis=0) / 127
    columns = np.rint(WIDE / np.where(scales, scales, 1)) * scales
    if middle is None:
        step = np.abs(y).max(axis=-1, keepdims=True) / 127
    else:
        step = np.maximum(y.max(axis=-1, keepdims=True) / (255 - middle), 0.17 / middle if middle else 0)
    rounded = np.rint(y / step) * step
    assert np.abs(rounded - y).max() <= step.max() / 2 + 1e-6
    np.testing.assert_allclose(product, rounded @ columns, atol=1e-3)


LARGE = [3, 17, 30]
LONG = RANDOM.standard_normal((96, 40)).astype(np.float32)
BIAS = RANDOM.standard_normal(64).astype(np.float32)


def biased(matrix: Floats, sample: Floats | None, *, unsigned: bool = False) -> tuple[Any, list[str]]:
    """A session of one product and what is added to it, in which weights may be unsigned, and the operators in it."""
    import onnxruntime

    channels, width = matrix.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["bias", "p"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (None, None, channels))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(matrix, "w"), numpy_helper.from_array(BIAS[:width], "bias")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    quantize(made, None if sample is None else {"x": sample.reshape(-1, channels)})
    settings = onnxruntime.SessionOptions()
    settings.add_session_config_entry("session.x64quantprecision", str(int(unsigned)))
    session = onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return session, [node.op_type for node in made.graph.node]


def outlying(rows: int, channels: int) -> Floats:
    """Activations of which three channels are many times as large as the others; most rows are small."""
    x = np.random.default_rng(rows).standard_normal((1, rows, channels)).astype(np.float32)
    x[..., LARGE] *= (40, 25, 60)
    x[0, : 2 * rows // 3] /= 50
    return x


def alike(rows: int, channels: int) -> Floats:
    """Activations behind a layer normalisation, two channels of which are larger, one of them never below 0."""
    x = np.random.default_rng(rows).standard_normal((1, rows, channels)).astype(np.float32).clip(-3, 3)
    x[..., LARGE[:2]] *= 8
    x[..., LARGE[0]] = np.abs(x[..., LARGE[0]])
    return x


@pytest.mark.parametrize(("matrix", "apart"), [(LONG, LARGE), (WIDE, [])])
def test_channels_of_rows_of_many_sizes_are_smoothed_or_stay_in_floating_point(
    matrix: Floats, apart: list[int]
) -> None:
    x = outlying(6, len(matrix))
    session, operators = biased(matrix, x)
    y = session.run(["y"], {"x": x})[0]
    assert "ReduceMax" in operators
    chosen = prepare(x[0], [matrix], bounded=False)
    assert chosen.step is None
    assert chosen.apart.tolist() == apart
    rest = chosen.factors > 0
    for i, row in enumerate(x[0]):
        part = naive(row[rest] / chosen.factors[rest], matrix[rest] * chosen.factors[rest, None])
        np.testing.assert_allclose(y[0, i], part + row[apart] @ matrix[apart] + BIAS[: matrix.shape[1]], atol=2e-3)


@pytest.mark.parametrize("matrix", [LONG, WIDE])
def test_rows_that_are_alike_share_one_step(matrix: Floats) -> None:
    x, seen = alike(200, len(matrix)), alike(60, len(matrix))
    session, operators = biased(matrix, seen)
    assert sorted(operators) == ["MatMulIntegerToFloat", "Mul", "QuantizeLinear"]
    chosen = prepare(seen[0], [matrix], bounded=False)
    assert chosen.step is not None
    steps = np.clip(np.rint(x / chosen.factors / np.float32(chosen.step)) + chosen.middle, 0, 255) - chosen.middle
    smooth = matrix * chosen.factors[:, None]
    scales = np.abs(smooth).max(axis=0) / 127
    scales[scales == 0] = 1
    expected = steps @ np.rint(smooth / scales) * scales * chosen.step + BIAS[: matrix.shape[1]]
    y = session.run(["y"], {"x": x})[0]
    np.testing.assert_allclose(y, expected, atol=2e-3)
    exact = x @ matrix + BIAS[: matrix.shape[1]]
    assert np.abs(y - exact).mean() < 0.02 * np.abs(exact).mean()


@pytest.mark.parametrize(("matrix", "share"), [(LONG, 1 / 8), (WIDE, 2 / 3)])
def test_calibration_makes_the_error_of_outlying_channels_fall(matrix: Floats, share: float) -> None:
    x, seen = outlying(50, len(matrix)), outlying(10, len(matrix))
    exact = x @ matrix + BIAS[: matrix.shape[1]]
    errors = [np.abs(biased(matrix, sample)[0].run(["y"], {"x": x})[0] - exact).mean() for sample in (None, seen)]
    assert errors[1] < share * errors[0]


@pytest.mark.parametrize("sample", [outlying(30, len(LONG)), alike(30, len(LONG)), None])
def test_a_calibrated_row_does_not_depend_on_the_others(sample: Floats | None) -> None:
    x = outlying(30, len(LONG)).reshape(5, 6, -1)
    x[0] *= 500
    run = biased(LONG, sample)[0].run
    together = run(["y"], {"x": x})[0]
    for i, sentence in enumerate(x):
        np.testing.assert_array_equal(run(["y"], {"x": sentence[None]})[0][0], together[i])


@pytest.mark.parametrize("sample", [outlying(30, len(LONG)), alike(30, len(LONG)), None])
def test_products_are_the_same_with_the_unsigned_weights_of_processors_without_vnni(sample: Floats | None) -> None:
    x = alike(20, len(LONG))
    y, other = (biased(LONG, sample, unsigned=unsigned)[0].run(["y"], {"x": x})[0] for unsigned in (False, True))
    np.testing.assert_allclose(y, other, rtol=1e-5, atol=1e-4)
