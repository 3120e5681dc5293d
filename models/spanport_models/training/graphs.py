"""The weights of an exported encoder, read from its graphs in floating point."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from spanport_models.export.embeddings import BLOCK, CODES, SCALES, Codes
from spanport_models.session import GRAPH_NAME, HEAD_NAME
from spanport_models.training.examples import Float32

_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
"""What weights are called in PyTorch; constants that the tracing or the rewriting made are called otherwise."""
_PRODUCT = re.compile(r"/(.+)/(MatMul|Gemm|Add)(_\d+)?_output_0")
_SCALED = ("Mul", "Div", "Add", "Sub", "Cast", "Identity", "QuantizeLinear", "Reshape")


class Graphs:
    """The graphs of an encoder's bundle.

    Weights that the export left alone have their names still. A product with a constant matrix is known by the name
    of its result; int8 matrices are multiplied out, with the factors that activations were multiplied by before they
    were quantized, and with the channels that stayed in floating point.
    """

    def __init__(self, folder: Path) -> None:
        models = [_load(folder / name) for name in (GRAPH_NAME, HEAD_NAME) if (folder / name).is_file()]
        self.nodes: list[Any] = [node for model in models for node in model.graph.node]
        self._tensors = {tensor.name: tensor for model in models for tensor in model.graph.initializer}
        self._makers = {name: node for node in self.nodes for name in node.output}

    @cached_property
    def weights(self) -> dict[str, Float32]:
        """float32 arrays by the names that they had in PyTorch; matrices as (out, in)."""
        named = {name: self._array(name) for name in self._tensors if _NAME.fullmatch(name)}
        for node in self.nodes:
            if node.op_type == "Identity" and node.input[0] in self._tensors:  # equal weights are traced once
                named[node.output[0]] = self._array(node.input[0])
            if node.op_type == "Gather" and node.input[0] == CODES:
                named[self._table_name(node)] = decode((self._array(CODES), self._array(SCALES)))
        return {**named, **dict(self._products())}

    @property
    def heads(self) -> int:
        """Attention heads: the shape into which queries are cut has them last but one."""
        cut = next(n for n in self.nodes if n.op_type == "Reshape" and n.input[0].endswith("self/query/Add_output_0"))
        shape = self._makers.get(cut.input[1])
        if shape is not None and shape.op_type == "Concat":
            return int(np.asarray(self._constant(shape.input[2])).item())
        return int(np.asarray(self._constant(cut.input[1]))[-2])

    @property
    def epsilon(self) -> float:
        """Of the layer normalisations."""
        node = next(node for node in self.nodes if node.op_type == "LayerNormalization")
        return next((float(one.f) for one in node.attribute if one.name == "epsilon"), 1e-5)

    @property
    def activation(self) -> str:
        """Of the feed-forward layers, as transformers calls it."""
        named = {"Erf": "gelu", "Relu": "relu", "Tanh": "gelu_new"}
        return next((named[node.op_type] for node in self.nodes if node.op_type in named), "")

    def _products(self) -> Iterator[tuple[str, Float32]]:
        for node in self.nodes:
            found = _PRODUCT.fullmatch(node.output[0])
            linear = self._linear(node) if found else None
            if found and linear is not None:
                name = found[1].replace("/", ".")
                yield f"{name}.weight", np.ascontiguousarray(linear[0].T)
                if linear[1] is not None:
                    yield f"{name}.bias", linear[1]

    def _linear(self, node: Any) -> tuple[Float32, Float32 | None] | None:
        """The matrix (in, out) of the product whose result a node makes, and the bias where that is in the node; None
        where it is a product of two activations, or none."""
        if node.op_type == "Add":
            return self._biased(node)
        while node.op_type in ("Mul", "Sub") and node.input[0] in self._makers:  # a row's scale, and an offset
            node = self._makers[node.input[0]]
        if node.op_type == "MatMulIntegerToFloat":
            bias = self._constant(node.input[6]) if len(node.input) > 6 else None
            return self._dequantized(node), bias
        if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in self._tensors:
            return None
        turned = any(one.name == "transB" and one.i for one in node.attribute)
        matrix = self._array(node.input[1])
        return (matrix.T if turned else matrix), None

    def _biased(self, node: Any) -> tuple[Float32, Float32] | None:
        """An int8 product with its bias, or with what channels in floating point and the bias add to it."""
        scaled = self._makers.get(node.input[0])
        product = self._makers.get(scaled.input[0]) if scaled is not None and scaled.op_type == "Mul" else None
        if product is None or product.op_type != "MatMulIntegerToFloat" or node.input[0].startswith("/"):
            return None
        matrix = self._dequantized(product)
        if self._is_constant(node.input[1]):
            return matrix, self._constant(node.input[1]).astype(np.float32)
        beside = self._makers[node.input[1]]
        rows = self._array(beside.input[1])
        channels = self._makers[self._makers[beside.input[0]].input[0]]  # Gather, first of what is joined
        matrix[self._constant(channels.input[1])] = rows[:-1]
        return matrix, rows[-1]

    def _dequantized(self, product: Any) -> Float32:
        matrix: Float32 = self._array(product.input[1]).astype(np.float32) * self._array(product.input[3])
        factors = self._factors(product.input[0])
        return matrix if factors is None else factors[:, None] * matrix

    def _factors(self, name: str) -> Float32 | None:
        """What activations are multiplied by on the way to their quantized form, (in,); None for nothing."""
        found: Float32 | None = None
        while name in self._makers and self._makers[name].op_type in _SCALED and not name.startswith("/"):
            node = self._makers[name]
            if node.op_type in ("Mul", "Div") and self._is_constant(node.input[1]):
                factor = self._constant(node.input[1]).astype(np.float32)
                if factor.size > 1:
                    factor = 1 / factor if node.op_type == "Div" else factor
                    found = factor.ravel() if found is None else found * factor.ravel()
            name = node.input[0]
        return found

    def _table_name(self, codes: Any) -> str:
        """What the look-up of embeddings in blocks was called."""
        name = codes.output[0]
        while not name.startswith("/"):
            name = next(node.output[0] for node in self.nodes if name in node.input)
        return name.rpartition("/")[0].strip("/").replace("/", ".") + ".weight"

    def _is_constant(self, name: str) -> bool:
        return name in self._tensors or (name in self._makers and self._makers[name].op_type == "Constant")

    def _constant(self, name: str) -> Any:
        from onnx import numpy_helper

        if name in self._tensors:
            return self._array(name)
        return numpy_helper.to_array(next(one.t for one in self._makers[name].attribute if one.name == "value"))

    def _array(self, name: str) -> Any:
        from onnx import numpy_helper

        return numpy_helper.to_array(self._tensors[name])


def _load(path: Path) -> Any:
    """A graph with the weights that lie in files beside it.

    onnx itself refuses files with several hard links, which those of bundles made of one another are.
    """
    import onnx
    from onnx.external_data_helper import ExternalDataInfo

    model: Any = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            info = ExternalDataInfo(tensor)
            with (path.parent / Path(info.location).name).open("rb") as file:
                file.seek(info.offset or 0)
                tensor.raw_data = file.read(info.length or -1)
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]
    return model


def decode(codes: Codes) -> Float32:
    """The table (V, d) of embeddings in blocks; see `spanport_models.export.embeddings.store_embeddings`."""
    numbers, scales = codes
    if 2 * numbers.shape[1] == BLOCK * scales.shape[1]:
        levels = np.concatenate([numbers & 15, numbers >> 4], axis=1).astype(np.float32) - 8
    else:
        levels = numbers.astype(np.float32) - 128
    blocks: Float32 = levels.reshape(len(levels), -1, BLOCK) * scales.astype(np.float32)
    return blocks.reshape(len(levels), -1)
