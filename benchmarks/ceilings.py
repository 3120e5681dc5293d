"""How fast this machine multiplies matrices, and how near to that the parts of the pipeline come.

    python benchmarks/ceilings.py

Prints multiply-adds a second on one thread, of a product of `SHAPE` (a batch of 512 tokens through the feed-forward
layer of XLM-R large): float32 and bfloat16 by PyTorch, and int8 by ONNX Runtime in the form of our exported graphs
(dynamic quantisation of the input included). ``reference_pipeline.py`` sets its parts against these.

CPU seconds; the best of `REPEATS` after one to warm up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

SHAPE = (512, 1024, 4096)
REPEATS = 5


def _rate(product: Callable[[], Any], repeats: int = REPEATS) -> float:
    product()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        product()
        seconds.append(time.process_time() - start)
    return float(np.prod([float(size) for size in SHAPE])) / min(seconds)


def _int8_product() -> Callable[[], Any]:
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.default_rng(0)
    weights = generator.integers(-127, 128, SHAPE[1:], dtype=np.int8)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        helper.make_node("MatMulInteger", ["q", "w", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE[:2])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, (SHAPE[0], SHAPE[2]))],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = generator.standard_normal(SHAPE[:2]).astype(np.float32)
    return lambda: session.run(None, {"x": x})


def ceilings() -> dict[str, float]:
    """Multiply-adds a second of a large product on one thread, by precision."""
    torch.set_num_threads(1)
    a, b = torch.randn(SHAPE[:2]), torch.randn(SHAPE[1:])
    low_a, low_b = a.bfloat16(), b.bfloat16()
    return {
        "fp32": _rate(lambda: a @ b),
        "bf16": _rate(lambda: low_a @ low_b, repeats=2),  # without 16-bit units it takes many times as long
        "int8": _rate(_int8_product()),
    }


def layer_macs(hidden: int, feed_forward: int, length: float, *, crossed: float = 0.0) -> float:
    """Multiply-adds of one transformer layer for one token: projections, attention over ``length``, feed-forward.

    ``crossed`` is the length of the source that a decoder's layer attends to.
    """
    projections = 4 * hidden * hidden + (2 * hidden * hidden if crossed else 0)
    return projections + 2 * hidden * (length + crossed) + 2 * hidden * feed_forward


def show(parts: Mapping[str, tuple[float, float]], rates: Mapping[str, float]) -> None:
    """Print each part's seconds and multiply-adds against the ceilings."""
    print(f"{'ceiling':<20}" + "".join(f"{name:>9} {rate / 1e9:.1f}G" for name, rate in rates.items()))
    print(f"{'part':<20}{'seconds':>9}{'GMAC':>9}{'GMAC/s':>9}" + "".join(f"{'of ' + name:>9}" for name in rates))
    for name, (seconds, macs) in parts.items():
        shares = "".join(f"{macs / seconds / rate:>9.0%}" for rate in rates.values())
        print(f"{name:<20}{seconds:>9.1f}{macs / 1e9:>9.0f}{macs / seconds / 1e9:>9.1f}{shares}")


if __name__ == "__main__":
    for precision, rate in ceilings().items():
        print(f"{precision}: {rate / 1e9:.1f} billion multiply-adds a second, one thread")
