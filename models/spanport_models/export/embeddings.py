"""The table of word embeddings in blocks of 4- or 8-bit numbers, each block with a scale of its own.

Of a multilingual model it is most of the bytes. A table that was stored in 4-bit blocks once, as many published
models are, is found to be so and written in 4 bits again without any loss.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.errors import ExportError
from spanport_models.export.options import Storage
from spanport_models.export.rewrite import Rewriter

Codes: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.float16]]

CODES, SCALES = "embeddings/codes", "embeddings/scales"
"""Names of the two tensors."""

BLOCK = 32
"""Neighbouring numbers of a row that share a scale."""
_ROWS = 4096


def store_embeddings(model: Any, storage: Storage, *, exact: bool) -> str:
    """Replace, in place, the look-up of word embeddings by one in blocks, where there is one of suitable width.

    Args:
        model: An ``onnx.ModelProto`` with an input ``input_ids`` (B, T).
        storage: "int4" and "int8" may lose accuracy; "auto" is 4 bits where nothing is lost, else 8.
        exact: With "auto": leave a table alone that 4 bits cannot hold without loss.

    Returns:
        How the table is stored: "int4", "int8" or "" (as it was).

    Raises:
        ExportError: "int4" or "int8" was asked for and there is no table of a suitable width.
    """
    from onnx import numpy_helper

    graph = Rewriter(model, "embeddings")
    found = _look_up(graph)
    table = numpy_helper.to_array(graph.weights[found.input[0]]) if found else np.empty((0, 1), np.float32)
    if table.dtype != np.float32 or table.shape[1] % BLOCK:
        if storage == "auto":
            return ""
        raise ExportError(
            f"no word embeddings that can be stored as {storage}",
            expected=f"a float32 look-up of input_ids, of a width that {BLOCK} divides",
        )
    codes = in_four_bits(table, exact=storage == "auto") if storage != "int8" else None
    bits = 8 if codes is None else 4
    if codes is None:
        if exact and storage == "auto":
            return ""
        codes = in_eight_bits(table)
    for node in graph.nodes:
        if node is found:
            _decode(graph, node, codes, bits)
        else:
            graph.keep(node)
    graph.finish()
    return f"int{bits}"


def in_four_bits(table: NDArray[np.float32], *, exact: bool) -> Codes | None:
    """A table as 4-bit numbers and the scales of blocks of 32.

    Args:
        table: float32 (V, d).
        exact: Return None where a value would change.

    Returns:
        uint8 (V, d / 2), column j in the low and column j + d / 2 in the high bits of byte j, each number 8 more than
        its multiple of the scale; and float16 (V, d / 32, 1).
    """
    parts = []
    for blocks in _blocks(table):
        scale, right = _best_scale(blocks)
        if exact and not right.all():
            return None
        levels = (_levels(blocks, scale, -8, 7) + 8).astype(np.uint8).reshape(len(blocks), 2, -1)
        parts.append((levels[:, 0] | (levels[:, 1] << np.uint8(4)), scale))
    return _joined(parts)


def in_eight_bits(table: NDArray[np.float32]) -> Codes:
    """A table as uint8 (V, d), each number 128 more than its multiple of the scale, and float16 (V, d / 32, 1)."""
    parts = []
    for blocks in _blocks(table):
        scale = (np.abs(blocks).max(axis=2, keepdims=True) / 127).astype(np.float16)
        codes = (_levels(blocks, scale, -127, 127) + 128).astype(np.uint8)
        parts.append((codes.reshape(len(blocks), -1), scale))
    return _joined(parts)


def _best_scale(blocks: NDArray[np.float32]) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Scales (n, blocks, 1) that give the blocks exactly, and where they do; elsewhere the usual one.

    The value of largest magnitude is -8 times the scale, or some smaller multiple of it.
    """
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[..., None], axis=2)
    scale = (extreme / -8).astype(np.float16)
    right = _exact(blocks, scale)
    for multiple in range(7, 0, -1):
        if right.all():
            break
        other = (extreme / multiple).astype(np.float16)
        better = ~right & _exact(blocks, other)
        scale[better], right = other[better], right | better
    return scale, right


def _exact(blocks: NDArray[np.float32], scale: NDArray[np.float16]) -> NDArray[np.bool_]:
    """bool (n, blocks, 1): whether multiples of the scale are the very values."""
    same: NDArray[np.bool_] = (_levels(blocks, scale, -8, 7) * scale.astype(np.float32) == blocks).all(
        axis=2, keepdims=True
    )
    return same


def _levels(
    blocks: NDArray[np.float32], scale: NDArray[np.float16], lowest: int, highest: int
) -> NDArray[np.float32]:
    """Nearest multiples of the scale."""
    divisor = np.where(scale == 0, np.float32(1), scale.astype(np.float32))
    levels: NDArray[np.float32] = np.clip(np.rint(blocks / divisor), lowest, highest)
    return np.where(scale == 0, np.float32(0), levels)


def _blocks(table: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Some rows at a time, as (rows, d / 32, 32)."""
    for start in range(0, len(table), _ROWS):
        yield table[start : start + _ROWS].reshape(-1, table.shape[1] // BLOCK, BLOCK)


def _joined(parts: list[Codes]) -> Codes:
    codes, scales = zip(*parts, strict=True)
    return np.concatenate(codes), np.concatenate(scales)


def _look_up(graph: Rewriter) -> Any:
    """The node that takes rows of a table by ``input_ids``, or None."""
    ids = {"input_ids"}
    for node in graph.nodes:
        if node.op_type in ("Cast", "Reshape", "Identity") and node.input[0] in ids:
            ids.add(node.output[0])
        if node.op_type == "Gather" and node.input[0] in graph.weights and node.input[1] in ids:
            return node
    return None


def _decode(graph: Rewriter, look_up: Any, codes: Codes, bits: int) -> None:
    """Nodes that look up codes and scales and multiply them, in float32."""
    from onnx import TensorProto

    ids = look_up.input[1]
    number = graph.add("Cast", graph.add("Gather", graph.constant(codes[0], CODES), ids), to=TensorProto.FLOAT)
    if bits == 4:
        high = graph.add("Floor", graph.add("Mul", number, graph.constant(np.float32(1 / 16))))
        low = graph.add("Sub", number, graph.add("Mul", high, graph.constant(np.float32(16))))
        number = graph.add("Concat", low, high, axis=-1)
    level = graph.add("Sub", number, graph.constant(np.float32(1 << (bits - 1))))
    blocks = graph.add("Reshape", level, graph.constant(np.array([0, 0, -1, BLOCK])))
    scale = graph.add("Cast", graph.add("Gather", graph.constant(codes[1], SCALES), ids), to=TensorProto.FLOAT)
    width = codes[1].shape[1] * BLOCK
    flat = graph.constant(np.array([0, 0, width]))
    graph.add("Reshape", graph.add("Mul", blocks, scale), flat, output=look_up.output[0])
