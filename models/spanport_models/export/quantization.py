"""Products with constant weights in int8: a scale for every output channel, and one for every row of activations.

ONNX Runtime's own dynamic quantization has one scale of activations for a whole batch, so that a few large units
spoil the rest, and what a sentence gets depends on its neighbours. Here each row, that is each token, is divided by
its largest magnitude. What several products read, as those of queries, keys and values do, is quantized once.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.export.rewrite import MICROSOFT, Rewriter

Floats: TypeAlias = NDArray[np.float32]

_NARROW = 32
"""Products with fewer columns, as those of classifiers, stay in floating point: they cost next to nothing."""
_GELU_OFFSET = 0.17
"""GELU is nowhere below -0.16998."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Activations as uint8, the scale of each row, and what they stand for: scale x (values - middle) - offset."""

    values: str
    scale: str
    middle: str
    offset: float


def quantize(model: Any) -> None:
    """Replace, in place, the products of activations and constant matrices; products of two activations stay.

    Args:
        model: An ``onnx.ModelProto`` in float32.
    """
    graph = Rewriter(model, "int8")
    one, zero, middle = (graph.constant(n) for n in (np.float32(1.0), np.uint8(0), np.uint8(128)))
    rows: dict[str, _Rows] = {}
    weights: dict[str, tuple[str, str, Floats]] = {}
    for node in graph.nodes:
        if not _quantizable(node, graph.weights):
            graph.keep(node)
            continue
        source, tensor = node.input[0], graph.weights[node.input[1]]
        if source not in rows:
            rows[source] = _quantize_rows(graph, source, one, zero, middle)
        if tensor.name not in weights:
            weights[tensor.name] = _quantize_columns(graph, tensor)
        own, (columns, scale, sums) = rows[source], weights[tensor.name]
        # A scale per row must be a product of its own: the fused one reads the first number of its scale only.
        fused = graph.add("MatMulIntegerToFloat", own.values, columns, one, scale, own.middle, domain=MICROSOFT)
        if own.offset:
            product = graph.add("Mul", fused, own.scale)
            graph.add("Sub", product, graph.constant(own.offset * sums), output=node.output[0])
        else:
            graph.add("Mul", fused, own.scale, output=node.output[0])
    graph.finish()


def _quantizable(node: Any, weights: dict[str, Any]) -> bool:
    if node.op_type != "MatMul" or node.input[0] in weights or node.input[1] not in weights:
        return False
    shape = weights[node.input[1]].dims
    return len(shape) == 2 and shape[1] >= _NARROW


def _quantize_rows(graph: Rewriter, source: str, one: str, zero: str, middle: str) -> _Rows:
    """Nodes that turn float32 (..., K) into uint8: around 128, or from 0 on where there is a least value."""
    offset = _offset(graph, source)
    if offset is not None:
        middle, steps = zero, 255
        shifted = graph.add("Add", source, graph.constant(np.float32(offset))) if offset else source
        magnitude = shifted
    else:
        offset, steps, shifted = 0.0, 127, source
        magnitude = graph.add("Abs", source)
    largest = graph.add("ReduceMax", magnitude, axes=[-1], keepdims=1)
    scale = graph.add("Mul", largest, graph.constant(np.float32(1 / steps)))
    scale = graph.add("Add", scale, graph.constant(np.float32(1e-12)))  # a row of zeros
    steps_of = graph.add("Mul", shifted, graph.add("Reciprocal", scale))
    return _Rows(graph.add("QuantizeLinear", steps_of, one, middle), scale, middle, offset)


def _offset(graph: Rewriter, source: str) -> float | None:
    """What makes all values positive, where that is known: all 255 steps are then for values that occur."""
    maker = graph.makers.get(source)
    if maker is None:
        return None
    if maker.op_type == "Relu":
        return 0.0
    halved = any(graph.is_constant(name) for name in maker.input)
    return _GELU_OFFSET if halved and graph.made_by(source, ("Mul", "Mul", "Add", "Erf")) else None


def _quantize_columns(graph: Rewriter, tensor: Any) -> tuple[str, str, Floats]:
    """A matrix (K, N) as int8, its scales, float32 (N,), and the sums of its columns as they are rounded."""
    from onnx import numpy_helper

    matrix: Floats = numpy_helper.to_array(tensor)
    scale = np.abs(matrix).max(axis=0) / np.float32(127)
    scale[scale == 0] = 1
    values = np.rint(matrix / scale).astype(np.int8)
    sums = (values.sum(axis=0) * scale).astype(np.float32)
    return graph.constant(values, f"{tensor.name}_int8"), graph.constant(scale, f"{tensor.name}_scale"), sums
