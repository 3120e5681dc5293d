"""Products with constant weights in int8: a scale for every output channel, and one for every row of activations.

ONNX Runtime's own dynamic quantization has one scale of activations for a whole batch, so that a few large units
spoil the rest, and what a sentence gets depends on its neighbours. Here each row, that is each token, is divided by
its largest magnitude. What several products read, as those of queries, keys and values do, is quantized once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_models.export.rewrite import MICROSOFT, Rewriter

_NARROW = 32
"""Products with fewer columns, as those of classifiers, stay in floating point: they cost next to nothing."""


def quantize(model: Any) -> None:
    """Replace, in place, the products of activations and constant matrices; products of two activations stay.

    Args:
        model: An ``onnx.ModelProto`` in float32.
    """
    graph = Rewriter(model, "int8")
    one, middle = graph.constant(np.float32(1.0)), graph.constant(np.uint8(128))
    rows: dict[str, tuple[str, str]] = {}
    weights: dict[str, tuple[str, str]] = {}
    for node in graph.nodes:
        if not _quantizable(node, graph.weights):
            graph.keep(node)
            continue
        source, matrix = node.input
        if source not in rows:
            rows[source] = _quantize_rows(graph, source, one, middle)
        tensor = graph.weights[matrix]
        if tensor.name not in weights:
            weights[tensor.name] = _quantize_columns(graph, tensor)
        (values, row_scale), (columns, column_scale) = rows[source], weights[tensor.name]
        # A scale per row must be a product of its own: the fused one reads the first number of its scale only.
        fused = graph.add("MatMulIntegerToFloat", values, columns, one, column_scale, middle, domain=MICROSOFT)
        graph.add("Mul", fused, row_scale, output=node.output[0])
    graph.finish()


def _quantizable(node: Any, weights: dict[str, Any]) -> bool:
    if node.op_type != "MatMul" or node.input[0] in weights or node.input[1] not in weights:
        return False
    shape = weights[node.input[1]].dims
    return len(shape) == 2 and shape[1] >= _NARROW


def _quantize_rows(graph: Rewriter, source: str, one: str, middle: str) -> tuple[str, str]:
    """Nodes that turn float32 (..., K) into uint8 around 128, and the scales (..., 1)."""
    largest = graph.add("ReduceMax", graph.add("Abs", source), axes=[-1], keepdims=1)
    scale = graph.add("Mul", largest, graph.constant(np.float32(1 / 127)))
    scale = graph.add("Add", scale, graph.constant(np.float32(1e-12)))  # a row of zeros
    rows = graph.add("Mul", source, graph.add("Reciprocal", scale))
    return graph.add("QuantizeLinear", rows, one, middle), scale


def _quantize_columns(graph: Rewriter, tensor: Any) -> tuple[str, str]:
    """A matrix (K, N) as int8, and its scales, float32 (N,)."""
    from onnx import numpy_helper

    matrix: NDArray[np.float32] = numpy_helper.to_array(tensor)
    scale = np.abs(matrix).max(axis=0) / np.float32(127)
    scale[scale == 0] = 1
    values = np.rint(matrix / scale).astype(np.int8)
    return graph.constant(values, f"{tensor.name}_int8"), graph.constant(scale, f"{tensor.name}_scale")
