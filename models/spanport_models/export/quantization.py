"""Products with constant weights in int8: a scale for every output channel, and one for every row of activations.

ONNX Runtime's own dynamic quantization has one scale of activations for a whole batch, so that a few large units
spoil the rest, and what a sentence gets depends on its neighbours. Here each row, that is each token, is divided by
its largest magnitude. What several products read, as those of queries, keys and values do, is quantized once.

Trained transformers have a few channels that are ten times as large as the others, in every token. They would set the
scale of every row, and the rounding of the weights that they meet would outweigh all else. Where calibration found
such channels they are multiplied in floating point, beside the int8 product of the rest; and the rest is smoothed:
each channel is divided by a factor that its weights are multiplied by, so that both are rounded alike (SmoothQuant,
arXiv 2211.10438, with its migration strength of 1/2).
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
_GELU_OFFSET = 0.17
"""GELU is nowhere below -0.16998."""
_OUTLYING = 4.0
"""A channel stays in floating point if its largest magnitude is so many times that of the median channel."""
_MOST = 8
"""Most channels of a product's input that do."""


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
    """Activations as uint8, the scale of each row, and what they stand for: scale x (values - middle) - offset.

    ``split`` and the value ``aside``, the channels apart, are there where the input has such channels.
    """

    values: str
    scale: str
    middle: str
    offset: float
    split: _Split | None
    aside: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """A matrix (K, N) as int8, its scales (N,), and what an offset of the activations adds to the product (N,)."""

    values: str
    scale: str
    sums: Floats


def quantize(model: Any, maxima: Mapping[str, Floats] | None = None) -> None:
    """Replace, in place, the products of activations and constant matrices; products of two activations stay.

    Args:
        model: An ``onnx.ModelProto`` in float32.
        maxima: Largest magnitude of each channel of the products' inputs, float32 (K,), by the name of the input; see
            `spanport_models.export.calibration.channel_maxima`. Inputs without are quantized as they are.
    """
    graph = Rewriter(model, "int8")
    readers = products(graph)
    splits = {
        source: _split(maximum, [_matrix(graph, node) for node in readers[source]])
        for source, maximum in (maxima or {}).items()
    }
    one, zero, middle = (graph.constant(n) for n in (np.float32(1.0), np.uint8(0), np.uint8(128)))
    rows: dict[str, _Rows] = {}
    columns: dict[str, _Columns] = {}
    for node in graph.nodes:
        source = node.input[0] if node.input else ""
        if all(node is not reader for reader in readers.get(source, ())):
            graph.keep(node)
            continue
        if source not in rows:
            rows[source] = _quantize_rows(graph, source, splits.get(source), one, zero, middle)
        own, name = rows[source], graph.weights[node.input[1]].name
        name = f"{name}_of_{source}" if own.split else name
        if name not in columns:
            columns[name] = _quantize_columns(graph, _matrix(graph, node), own.split, name)
        _multiply(graph, node, own, columns[name], one)
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


def _matrix(graph: Rewriter, node: Any) -> Floats:
    from onnx import numpy_helper

    matrix: Floats = numpy_helper.to_array(graph.weights[node.input[1]])
    return matrix


def _split(maximum: Floats, matrices: list[Floats]) -> _Split | None:
    """The channels apart and the factors of the others; None where no channel is outlying."""
    outlying = int((maximum > _OUTLYING * np.median(maximum)).sum())
    if not outlying:
        return None
    apart = np.sort(np.argsort(-maximum, kind="stable")[: min(outlying, _MOST)])
    weights = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
    rest = np.setdiff1d(np.arange(len(maximum)), apart)
    ratios = np.sqrt(_positive(maximum[rest]) / _positive(weights[rest]))
    factors = np.zeros_like(maximum)
    factors[rest] = ratios / np.exp(np.log(ratios).mean())
    return _Split(factors, apart)


def _positive(magnitudes: Floats) -> Floats:
    """Magnitudes that none is far below the others, so that a channel that calibration hardly met is not blown up."""
    least = max(float(magnitudes.max(initial=0)) * 1e-3, 1e-9)
    positive: Floats = np.maximum(magnitudes, np.float32(least))
    return positive


def _multiply(graph: Rewriter, node: Any, rows: _Rows, columns: _Columns, one: str) -> None:
    """The product of a node's quantized input and weights, under the name that the node's output had."""
    # A scale per row must be a product of its own: the fused one reads the first number of its scale only.
    inputs = (rows.values, columns.values, one, columns.scale, rows.middle)
    fused = graph.add("MatMulIntegerToFloat", *inputs, domain=MICROSOFT)
    added = []
    if rows.offset:
        added.append(graph.constant(-rows.offset * columns.sums))
    if rows.split:
        part = graph.constant(_matrix(graph, node)[rows.split.apart])
        added.append(graph.add("MatMul", rows.aside, part))
    names = ["" for _ in added] + [node.output[0]]
    product = graph.add("Mul", fused, rows.scale, output=names[0])
    for value, name in zip(added, names[1:], strict=True):
        product = graph.add("Add", product, value, output=name)


def _quantize_rows(graph: Rewriter, source: str, split: _Split | None, one: str, zero: str, middle: str) -> _Rows:
    """Nodes that turn float32 (..., K) into uint8: around 128, or from 0 on where there is a least value."""
    offset, steps, aside, values = _offset(graph, source), 127, "", source
    if offset is not None:
        middle, steps = zero, 255
        values = graph.add("Add", values, graph.constant(np.float32(offset))) if offset else values
    if split:
        aside = graph.add("Gather", source, graph.constant(split.apart), axis=-1)
        values = graph.add("Mul", values, graph.constant(split.inverse))
    magnitude = graph.add("Abs", values) if offset is None else values
    largest = graph.add("ReduceMax", magnitude, axes=[-1], keepdims=1)
    scale = graph.add("Mul", largest, graph.constant(np.float32(1 / steps)))
    scale = graph.add("Add", scale, graph.constant(np.float32(1e-12)))  # a row of zeros
    steps_of = graph.add("Mul", values, graph.add("Reciprocal", scale))
    return _Rows(graph.add("QuantizeLinear", steps_of, one, middle), scale, middle, offset or 0.0, split, aside)


def _offset(graph: Rewriter, source: str) -> float | None:
    """What makes all values positive, where that is known: all 255 steps are then for values that occur."""
    maker = graph.makers.get(source)
    if maker is None:
        return None
    if maker.op_type == "Relu":
        return 0.0
    halved = any(graph.is_constant(name) for name in maker.input)
    return _GELU_OFFSET if halved and graph.made_by(source, ("Mul", "Mul", "Add", "Erf")) else None


def _quantize_columns(graph: Rewriter, matrix: Floats, split: _Split | None, name: str) -> _Columns:
    factors = split.factors if split else np.ones(len(matrix), np.float32)
    smooth = matrix * factors[:, None]
    scale = np.abs(smooth).max(axis=0) / np.float32(127)
    scale[scale == 0] = 1
    values = np.rint(smooth / scale).astype(np.int8)
    carried = split.inverse if split else factors
    sums = (carried @ values * scale).astype(np.float32)
    return _Columns(graph.constant(values, f"{name}_int8"), graph.constant(scale, f"{name}_scale"), sums)
