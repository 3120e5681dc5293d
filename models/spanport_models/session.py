"""ONNX Runtime sessions: loading with checks, and running for chosen outputs."""

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spanport_models.batching import Int64Array
from spanport_models.devices import Device, import_onnxruntime, require_own_gpu
from spanport_models.errors import ArchitectureError, BundleError, DeviceError
from spanport_models.manifest import EncoderManifest

GRAPH_NAME = "model.onnx"
HEAD_NAME = "head.onnx"

_SLOWER = ["BiasGeluFusion", "SkipLayerNormFusion"]
"""Fusions whose CPU kernels take more time than the nodes that they replace, the second one 15 times as much."""


class EncoderSession:
    """The graphs of an encoder: the body up to the alignment layer, and the head from there to the logits.

    A bundle may also have one graph with both outputs. Runs are thread-safe; on several GPUs they take turns.

    Args:
        folder: The bundle.
        manifest: Its manifest.
        device: Where to run.
        intra_threads: Threads inside one run.

    Raises:
        BundleError: A graph cannot be read.
        ArchitectureError: Inputs, outputs or sizes are not those of the manifest.
        DeviceError: The GPU was not granted.
    """

    def __init__(self, folder: Path, manifest: EncoderManifest, device: Device, intra_threads: int) -> None:
        require_own_gpu(device)
        names = [GRAPH_NAME, *([HEAD_NAME] if HEAD_NAME in manifest.files else [])]
        self.replicas = [
            Graphs(
                *(_load(folder / name, device.kind, index, intra_threads) for name in names),
                device=device.kind,
                index=index,
            )
            for index in device.indices
        ]
        self._graphs = itertools.cycle(self.replicas)
        self._check(folder, manifest, self.replicas[0])

    def run(self, ids: Int64Array, mask: Int64Array, *, hidden: bool, logits: bool) -> dict[str, Any]:
        """Outputs wanted, as arrays: "hidden_states" (B, T, d) and "logits" (B, T, L)."""
        return next(self._graphs).run(ids, mask, hidden=hidden, logits=logits)

    def _check(self, folder: Path, manifest: EncoderManifest, graphs: "Graphs") -> None:
        inputs = {value.name for value in graphs.body.get_inputs()}
        outputs = {value.name for part in (graphs.body, graphs.head) if part for value in part.get_outputs()}
        wanted = {"hidden_states": manifest.hidden_size}
        if manifest.labels:
            wanted["logits"] = len(manifest.labels)
        if inputs != {"input_ids", "attention_mask"} or not wanted.keys() <= outputs:
            raise ArchitectureError(
                f"{folder} has inputs {sorted(inputs)} and outputs {sorted(outputs)}",
                expected=f"inputs ['attention_mask', 'input_ids'] and outputs {sorted(wanted)}",
                remedy="Export the model with `spanport export encoder`.",
            )
        ids = np.zeros((1, 2), dtype=np.int64)
        results = graphs.run(ids, np.ones_like(ids), hidden=True, logits=bool(manifest.labels))
        for name, size in wanted.items():
            if results[name].shape != (1, 2, size):
                raise ArchitectureError(
                    f"{folder} returns {name} of shape {results[name].shape} for an input of shape (1, 2)",
                    expected=f"(1, 2, {size}): the manifest says {size}"
                    + (" labels" if name == "logits" else " hidden units"),
                    remedy="The graph and the manifest belong to different models: export the bundle again.",
                )


class Graphs:
    """One replica: the sessions of one device, run with bound outputs.

    The states that the head reads stay on the device, and only the outputs asked for are copied from it.
    """

    def __init__(self, body: Any, head: Any = None, *, device: str = "cpu", index: int = 0) -> None:
        self.body, self.head = body, head
        self._place = (device, index)
        self._head_inputs = {value.name for value in head.get_inputs()} if head else set()

    def run(self, ids: Int64Array, mask: Int64Array, *, hidden: bool, logits: bool) -> dict[str, Any]:
        """See `EncoderSession.run`."""
        onnxruntime = import_onnxruntime()
        feeds = {"input_ids": ids, "attention_mask": mask}
        place = onnxruntime.OrtValue.ortvalue_from_numpy
        values = {name: place(array, *self._place) for name, array in feeds.items()}
        if self.head is None:
            names = ["hidden_states"] * hidden + ["logits"] * logits
            return {name: value.numpy() for name, value in self._bound(self.body, values, names).items()}
        outputs = self._bound(self.body, values, ["hidden_states"])
        if logits:
            wanted = {name: (values | outputs)[name] for name in self._head_inputs}
            outputs |= self._bound(self.head, wanted, ["logits"])
        return {name: value.numpy() for name, value in outputs.items() if hidden or name == "logits"}

    def _bound(self, session: Any, values: dict[str, Any], names: list[str]) -> dict[str, Any]:
        binding = session.io_binding()
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for name in names:
            binding.bind_output(name, *self._place)
        session.run_with_iobinding(binding)
        return dict(zip(names, binding.get_outputs(), strict=True))


def _load(path: Path, kind: str, index: int, intra_threads: int) -> Any:
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # "1" is unsigned weights, which do not saturate; where there is no need for them they take twice the time
    options.add_session_config_entry("session.x64quantprecision", "1" if _saturates() else "0")
    if intra_threads > 1:  # spinning threads would take the cores from the other engine threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=_providers(kind, index), disabled_optimizers=_SLOWER
        )
    except Exception as error:  # ONNX Runtime has an exception class per status code and no common base
        raise BundleError(
            f"{path} cannot be loaded by ONNX Runtime: {error}",
            expected="an ONNX graph",
            remedy="Export or fetch the bundle again.",
        ) from error
    if kind == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise DeviceError(
            f"cuda:{index} was asked for and ONNX Runtime did not grant it",
            expected="a CUDA and cuDNN that match the installed onnxruntime-gpu",
            remedy="See https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html.",
        )
    return session


@cache
def _saturates() -> bool:
    """Whether this processor may add int8 products in saturating 16-bit sums, as AVX2 without VNNI does.

    That ruins per-channel weights (a third of the labels of a small model changed). True where the system does not
    tell; only x86 processors are affected.
    """
    try:
        return "vnni" not in Path("/proc/cpuinfo").read_text()
    except OSError:
        return True


def _providers(kind: str, index: int) -> list[Any]:
    if kind == "cpu":
        return ["CPUExecutionProvider"]
    return [("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"]
