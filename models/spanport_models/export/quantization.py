"""Products with constant weights in int8: a scale for every output channel, and one for every row of activations.

ONNX Runtime's own dynamic quantization has one scale of activations for a whole batch, so that a few large units
spoil the rest, and what a sentence gets depends on its neighbours. Here each row, that is each token, is divided by
its largest magnitude. What several products read, as those of queries, keys and values do, is quantized once, and
multiplied once by the matrices side by side.

Trained transformers have a few channels that are ten times as large as the others, in every token. They set the
scale of the rows, and the rounding of the weights that they meet outweighs all else. Where calibration finds such
channels, and the result is narrow, as that of the second product of a feed-forward layer, they are multiplied in
floating point, beside the int8 product of the rest. Where the result is wide that would take too long, and the input
is smoothed: each channel is divided by a factor that its weights are multiplied by, so that both are rounded alike
(SmoothQuant, arXiv 2211.10438, with its migration strength of 1/2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.export.rewrite import MICROSOFT, Rewriter

Floats: TypeAlias = NDArray[np.float32]

_NARROW = 32
"""Products with fewer columns, as those of classifiers, stay in floating point: they cost next to nothing."""
_LEAST_GELU, _BELOW = -0.17, 32
"""GELU is nowhere below -0.16998, for which 32 of the 255 steps are enough."""
_OUTLYING = 4.0
"""A channel is outlying if its largest magnitude is so many times that of the median channel."""
_MOST = 4
"""Most channels of a product's input that stay in floating point."""


@dataclass(frozen=True, slots=True)
class _Split:
    """How the channels of a product's input are treated.

    Attributes:
        factors: float32 (K,). What weights are multiplied by and activations divided by; 0 of channels apart.
        apart: int64 (k,). Channels that stay in floating point.
    """

    factors: Floats
    apart: NDArray[np.int64]

    @property
    def inverse(self) -> Floats:
        """float32 (K,): what activations are multiplied by."""
        return np.divide(np.float32(1), self.factors, out=np.zeros_like(self.factors), where=self.factors > 0)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Activations as uint8, the scale of each row, and what they stand for: scale x (values - middle).

    ``split`` and the value ``aside``, the channels apart and a column of ones, are there where the input has such
    channels.
    """

    values: str
    scale: str
    middle: str
    split: _Split | None
    aside: str


@dataclass(frozen=True, slots=True)
class _Product:
    """A matrix, float32 (K, N), what is added to the product with it, (N,), and the name of the sum."""

    matrix: Floats
    bias: Floats
    output: str


def quantize(model: Any, maxima: Mapping[str, Floats] | None = None) -> None:
    """Replace, in place, the products of activations and constant matrices; products of two activations stay.

    Args:
        model: An ``onnx.ModelProto`` in float32.
        maxima: Largest magnitude of each channel of the products' inputs, float32 (K,), by the name of the input; see
            `spanport_models.export.calibration.channel_maxima`. Inputs without are quantized as they are.
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
            rows[source] = _quantize_rows(graph, source, matrices, (maxima or {}).get(source))
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


def _split(maximum: Floats, matrices: list[Floats], *, smooth: bool) -> _Split | None:
    """How to treat outlying channels: by smoothing all, or by taking them apart; None where there is none."""
    outlying = int((maximum > _OUTLYING * np.median(maximum)).sum())
    if not outlying:
        return None
    if smooth:
        weights = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
        ratios = np.sqrt(_positive(maximum) / _positive(weights))
        return _Split((ratios / np.exp(np.log(ratios).mean())).astype(np.float32), np.zeros(0, np.int64))
    apart = np.sort(np.argsort(-maximum, kind="stable")[: min(outlying, _MOST)])
    factors = np.ones_like(maximum)
    factors[apart] = 0
    return _Split(factors, apart)


def _positive(magnitudes: Floats) -> Floats:
    """Magnitudes that none is far below the others, so that a channel that calibration hardly met is not blown up."""
    least = max(float(magnitudes.max(initial=0)) * 1e-3, 1e-9)
    positive: Floats = np.maximum(magnitudes, np.float32(least))
    return positive


def _multiply(graph: Rewriter, product: _Product, rows: _Rows) -> None:
    """The product of quantized rows and columns, and what is added to it, under the name that the sum had."""
    values, scale = _quantize_columns(product.matrix, rows.split)
    # A scale per row must be a product of its own: the fused one reads the first number of its scale only.
    operands = (graph.constant(values), graph.constant(np.float32(1)), graph.constant(scale), rows.middle)
    result = graph.add("MatMulIntegerToFloat", rows.values, *operands, domain=MICROSOFT)
    if rows.split and rows.aside:
        part = np.vstack((product.matrix[rows.split.apart], product.bias))
        added = graph.add("MatMul", rows.aside, graph.constant(part))
    else:
        added = graph.constant(product.bias)
    graph.add("Add", graph.add("Mul", result, rows.scale), added, output=product.output)


def _quantize_rows(graph: Rewriter, source: str, matrices: list[Floats], maximum: Floats | None) -> _Rows:
    """Nodes that turn float32 (..., K) into uint8: around 128, or around less where there is a least value."""
    least = _least(graph, source)
    wide = any(2 * matrix.shape[1] > len(matrix) for matrix in matrices)
    split = None if maximum is None else _split(maximum, matrices, smooth=wide and least is None)
    middle = 128 if least is None else _BELOW if least else 0
    values = graph.add("Mul", source, graph.constant(split.inverse)) if split else source
    magnitude = graph.add("Abs", values) if least is None else values
    largest = graph.add("ReduceMax", magnitude, axes=[-1], keepdims=1)
    scale = graph.add("Mul", largest, graph.constant(np.float32(1 / (255 - middle))))
    floor = -least / middle if least else 1e-12  # for a row of zeros
    scale = graph.add("Max", scale, graph.constant(np.float32(floor)))
    aside = ""
    if split and len(split.apart):  # a column of ones brings the bias into the same product
        apart = graph.add("Gather", source, graph.constant(split.apart), axis=-1)
        aside = graph.add("Concat", apart, graph.add("Div", scale, scale), axis=-1)
    steps = graph.add("Mul", values, graph.add("Reciprocal", scale))
    zero = graph.constant(np.uint8(middle))
    rounded = graph.add("QuantizeLinear", steps, graph.constant(np.float32(1)), zero)
    return _Rows(rounded, scale, zero, split, aside)


def _least(graph: Rewriter, source: str) -> float | None:
    """The least value that activations can have, where that is known: most steps are then for values that occur."""
    maker = graph.makers.get(source)
    if maker is None:
        return None
    if maker.op_type == "Relu":
        return 0.0
    halved = any(graph.is_constant(name) for name in maker.input)
    return _LEAST_GELU if halved and graph.made_by(source, ("Mul", "Mul", "Add", "Erf")) else None


def _quantize_columns(matrix: Floats, split: _Split | None) -> tuple[NDArray[np.int8], Floats]:
    """A matrix (K, N) as int8, and its scales, float32 (N,)."""
    smooth = matrix * split.factors[:, None] if split else matrix
    scale = np.abs(smooth).max(axis=0) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(smooth / scale).astype(np.int8), scale
