"""Products with constant weights in int8: a scale for every output channel, and steps of activations that no other
sentence changes.

ONNX Runtime's own dynamic quantization has one scale of activations for a whole batch, so that a few large units
spoil the rest, and what a sentence gets depends on its neighbours. Here the rows of an input, its tokens, share one
step that calibration has found, where they are alike, as those behind a layer normalisation are. Other rows, such as
the results of activation functions, are divided by their largest magnitude, each by its own. What several products
read, as those of queries, keys and values do, is quantized once.

Trained transformers have a few channels that are ten times as large as the others, in every token. They set the
scale of the rows, and the rounding of the weights that they meet outweighs all else. Where calibration finds such
channels, the input is smoothed: each channel is divided by a factor that its weights are multiplied by, so that both
are rounded alike (SmoothQuant, arXiv 2211.10438). Where that does not do, and the result is narrow, as that of the
second product of a feed-forward layer, they are multiplied in floating point, beside the int8 product of the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_models.export.channels import Channels, Floats, prepare
from spanport_models.export.rewrite import MICROSOFT, Rewriter

_NARROW = 32
"""Products with fewer columns, as those of classifiers, stay in floating point: they cost next to nothing."""
_LEAST_GELU, _BELOW = -0.17, 32
"""GELU is nowhere below -0.16998, for which 32 of the 255 steps are enough."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Activations as uint8, and what they stand for: step x (values - middle).

    ``scale`` is the step of each row, (..., 1), or "" where the rows share that of the channels. ``aside``, the
    channels apart and a column of ones, is there where the input has such channels.
    """

    values: str
    middle: str
    channels: Channels
    scale: str
    aside: str


@dataclass(frozen=True, slots=True)
class _Product:
    """A matrix, float32 (K, N), what is added to the product with it, (N,), and the name of the sum."""

    matrix: Floats
    bias: Floats
    output: str


def quantize(model: Any, samples: Mapping[str, Floats] | None = None) -> None:
    """Replace, in place, the products of activations and constant matrices; products of two activations stay.

    Args:
        model: An ``onnx.ModelProto`` in float32.
        samples: The products' inputs on a few sentences, float32 (rows, K), by their names; see
            `spanport_models.export.calibration.activations`. Inputs without are quantized row by row, as they are.
    """
    graph = Rewriter(model, "int8")
    readers = products(graph)
    own = {node.output[0]: _product(graph, node) for nodes in readers.values() for node in nodes}
    sums = {product.output for product in own.values()}
    rows: dict[str, _Rows] = {}
    for node in graph.nodes:
        output = node.output[0]
        if output not in own:
            if output not in sums:
                graph.keep(node)
            continue
        source = node.input[0]
        if source not in rows:
            matrices = [own[reader.output[0]].matrix for reader in readers[source]]
            rows[source] = _quantize_input(graph, source, matrices, (samples or {}).get(source))
        _multiply(graph, own[output], rows[source])
    graph.finish()


def products(graph: Rewriter) -> dict[str, list[Any]]:
    """The nodes that `quantize` replaces, by the name of the activations that they read."""
    found: dict[str, list[Any]] = {}
    for node in graph.nodes:
        if node.op_type != "MatMul" or node.input[0] in graph.weights or node.input[1] not in graph.weights:
            continue
        shape = graph.weights[node.input[1]].dims
        if len(shape) == 2 and shape[1] >= _NARROW:
            found.setdefault(node.input[0], []).append(node)
    return found


def _product(graph: Rewriter, node: Any) -> _Product:
    matrix = graph.array(node.input[1])
    output, bias = graph.bias_of(node.output[0]) or (node.output[0], np.zeros(matrix.shape[1], np.float32))
    return _Product(matrix, bias, output)


def _multiply(graph: Rewriter, product: _Product, rows: _Rows) -> None:
    """The product of quantized rows and columns, and what is added to it, under the name that the sum had."""
    values, scale = _quantize_columns(product.matrix, rows.channels.factors)
    step = graph.constant(np.float32(1 if rows.scale else rows.channels.step))
    operands = (rows.values, graph.constant(values), step, graph.constant(scale), rows.middle)
    if not rows.scale:
        bias = graph.constant(product.bias)
        graph.add("MatMulIntegerToFloat", *operands, "", bias, output=product.output, domain=MICROSOFT)
        return
    result = graph.add("MatMulIntegerToFloat", *operands, domain=MICROSOFT)
    if rows.aside:
        part = np.vstack((product.matrix[rows.channels.apart], product.bias))
        added = graph.add("MatMul", rows.aside, graph.constant(part))
    else:
        added = graph.constant(product.bias)
    # A scale per row must be a product of its own: the fused one reads the first number of its scale only.
    graph.add("Add", graph.add("Mul", result, rows.scale), added, output=product.output)


def _quantize_input(graph: Rewriter, source: str, matrices: list[Floats], sample: Floats | None) -> _Rows:
    """Nodes that turn float32 (..., K) into uint8: around 128, or around less where there is a least value."""
    least = _least(graph, source)
    channels = prepare(sample, matrices, bounded=least is not None)
    inverse = channels.inverse
    values = source if inverse is None else graph.add("Mul", source, graph.constant(inverse))
    if channels.step is not None:
        middle = graph.constant(np.uint8(channels.middle))
        rounded = graph.add("QuantizeLinear", values, graph.constant(np.float32(channels.step)), middle)
        return _Rows(rounded, middle, channels, "", "")
    below = 128 if least is None else _BELOW if least else 0
    magnitude = graph.add("Abs", values) if least is None else values
    largest = graph.add("ReduceMax", magnitude, axes=[-1], keepdims=1)
    scale = graph.add("Mul", largest, graph.constant(np.float32(1 / (255 - below))))
    floor = -least / below if least else 1e-12  # for a row of zeros
    scale = graph.add("Max", scale, graph.constant(np.float32(floor)))
    aside = ""
    if len(channels.apart):  # a column of ones brings the bias into the same product
        apart = graph.add("Gather", source, graph.constant(channels.apart), axis=-1)
        aside = graph.add("Concat", apart, graph.add("Div", scale, scale), axis=-1)
    rounded = _round_rows(graph, values, scale, len(matrices[0]), below)
    return _Rows(rounded, graph.constant(np.uint8(below)), channels, scale, aside)


def _round_rows(graph: Rewriter, values: str, scale: str, size: int, middle: int) -> str:
    """Nodes that round (..., K) by the steps (..., 1): the operator does so in one pass, but of matrices alone."""
    steps = graph.add("Reshape", scale, graph.constant(np.array([-1])))
    middles = graph.add("Expand", graph.constant(np.array([middle], np.uint8)), graph.add("Shape", steps))
    matrix = graph.add("Reshape", values, graph.constant(np.array([-1, size])))
    rounded = graph.add("QuantizeLinear", matrix, steps, middles, axis=0)
    return graph.add("Reshape", rounded, graph.add("Shape", values))


def _least(graph: Rewriter, source: str) -> float | None:
    """The least value that activations can have, where that is known: most steps are then for values that occur."""
    maker = graph.makers.get(source)
    if maker is None:
        return None
    if maker.op_type == "Relu":
        return 0.0
    halved = any(graph.is_constant(name) for name in maker.input)
    return _LEAST_GELU if halved and graph.made_by(source, ("Mul", "Mul", "Add", "Erf")) else None


def _quantize_columns(matrix: Floats, factors: Floats) -> tuple[NDArray[np.int8], Floats]:
    """A matrix (K, N) as int8, and its scales, float32 (N,)."""
    smooth = matrix * factors[:, None]
    scale = np.abs(smooth).max(axis=0) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(smooth / scale).astype(np.int8), scale
