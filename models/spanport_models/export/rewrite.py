"""Rewriting the nodes of an ONNX graph in place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MICROSOFT = "com.microsoft"


class Rewriter:
    """The nodes of a graph as they shall be: kept ones and new ones, in the order in which they are added.

    Args:
        model: An ``onnx.ModelProto``; changed by `finish` only.
        prefix: What new names begin with; no other rewriting of the graph may have it.

    Attributes:
        nodes: Those of the graph as it is.
        makers: The node that makes each value.
        weights: Its constant tensors, by every name that they have.
    """

    def __init__(self, model: Any, prefix: str) -> None:
        self._model, self._prefix = model, prefix
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self.nodes: list[Any] = list(model.graph.node)
        self.makers: dict[str, Any] = {name: node for node in self.nodes for name in node.output}
        self._outputs = {value.name for value in model.graph.output}
        self.weights: dict[str, Any] = {tensor.name: tensor for tensor in model.graph.initializer}
        for node in self.nodes:
            if node.op_type == "Identity" and node.input[0] in self.weights:  # equal weights are traced once
                self.weights[node.output[0]] = self.weights[node.input[0]]

    def is_constant(self, name: str) -> bool:
        """Whether a value is a weight or a number written into the graph."""
        return name in self.weights or (name in self.makers and self.makers[name].op_type == "Constant")

    def made_by(self, name: str, ops: tuple[str, ...]) -> bool:
        """Whether a value is made by these operators, the last one first to run, through any of their inputs."""
        maker = self.makers.get(name)
        if maker is None or maker.op_type != ops[0]:
            return False
        return len(ops) == 1 or any(self.made_by(value, ops[1:]) for value in maker.input)

    def bias_of(self, name: str) -> tuple[str, NDArray[np.float32]] | None:
        """The sum that is all that reads a value, and the constant (N,) in it; None if it has another reader."""
        readers = [node for node in self.nodes if name in reads(node)]
        if name in self._outputs or len(readers) != 1 or readers[0].op_type != "Add":
            return None
        other = next((value for value in readers[0].input if value != name), "")
        if other not in self.weights or len(self.weights[other].dims) != 1:
            return None
        return readers[0].output[0], self.array(other)

    def array(self, name: str) -> NDArray[np.float32]:
        """A float32 weight of the graph."""
        from onnx import numpy_helper

        array: NDArray[np.float32] = numpy_helper.to_array(self.weights[name])
        return array

    def keep(self, node: Any) -> None:
        """Add a node as it is."""
        self._nodes.append(node)

    def constant(self, array: NDArray[Any] | np.generic, name: str = "") -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = name or f"{self._prefix}/constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name, ``output`` if given."""
        from onnx import helper

        output = output or f"{self._prefix}/{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def split(self, value: str, widths: tuple[int, ...], outputs: tuple[str, ...]) -> None:
        """Add a node that divides a value along its last axis."""
        from onnx import helper

        sizes = self.constant(np.array(widths, np.int64))
        self._nodes.append(helper.make_node("Split", [value, sizes], outputs, axis=-1))

    def finish(self) -> None:
        """Put the nodes in place of the graph's; weights that none of them reads any more are dropped."""
        from onnx import helper

        graph = self._model.graph
        read = {name for node in self._nodes for name in reads(node)}
        tensors = [tensor for tensor in (*graph.initializer, *self._constants) if tensor.name in read]
        graph.ClearField("node")
        graph.node.extend(self._nodes)
        graph.ClearField("initializer")
        graph.initializer.extend(tensors)
        if MICROSOFT not in {opset.domain for opset in self._model.opset_import}:
            self._model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))


def reads(node: Any) -> list[str]:
    """The values that a node needs, those of its branches included."""
    branches = [branch for attribute in node.attribute for branch in (attribute.g, *attribute.graphs)]
    return [*node.input, *(name for branch in branches for inner in branch.node for name in reads(inner))]
