"""ONNX Runtime sessions: loading with checks, and running for chosen outputs."""

from pathlib import Path
from typing import Any

import numpy as np

from spanport_models.batching import Int64Array
from spanport_models.devices import Device
from spanport_models.errors import ArchitectureError, BundleError, DeviceError
from spanport_models.manifest import EncoderManifest

GRAPH_NAME = "model.onnx"


def load_session(folder: Path, manifest: EncoderManifest, device: Device, intra_threads: int) -> Any:
    """An ``onnxruntime.InferenceSession`` whose inputs and outputs are those the manifest promises.

    Raises:
        BundleError: The graph cannot be read.
        ArchitectureError: Its inputs, outputs or sizes are not those of the manifest.
        DeviceError: The GPU was not granted.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # AVX2 without VNNI adds int8 products in saturating 16-bit sums, which ruins per-channel weights (a third of the
    # labels of a small model changed). This makes such processors use unsigned weights; others are not affected.
    options.add_session_config_entry("session.x64quantprecision", "1")
    if intra_threads > 1:  # spinning threads would take the cores from the other engine threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = folder / GRAPH_NAME
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=_providers(device))
    except Exception as error:  # ONNX Runtime has an exception class per status code and no common base
        raise BundleError(
            f"{path} cannot be loaded by ONNX Runtime: {error}",
            expected="an ONNX graph",
            remedy="Export or fetch the bundle again.",
        ) from error
    if device.kind == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise DeviceError(
            f"{device} was asked for and ONNX Runtime did not grant it",
            expected="a CUDA and cuDNN that match the installed onnxruntime-gpu",
            remedy="See https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html.",
        )
    _check_graph(path, session, manifest)
    return session


def outputs_of(session: Any, ids: Int64Array, mask: Int64Array, *, hidden: bool, logits: bool) -> dict[str, Any]:
    """Run the graph for the outputs wanted; nodes that no wanted output needs are not executed."""
    import onnxruntime

    names = ["hidden_states"] * hidden + ["logits"] * logits
    options = onnxruntime.RunOptions()
    options.only_execute_path_to_fetches = not logits
    return dict(zip(names, session.run(names, {"input_ids": ids, "attention_mask": mask}, options), strict=True))


def _providers(device: Device) -> list[Any]:
    if device.kind == "cpu":
        return ["CPUExecutionProvider"]
    return [("CUDAExecutionProvider", {"device_id": device.index}), "CPUExecutionProvider"]


def _check_graph(path: Path, session: Any, manifest: EncoderManifest) -> None:
    inputs = {value.name for value in session.get_inputs()}
    outputs = {value.name: value for value in session.get_outputs()}
    wanted = {"hidden_states": manifest.hidden_size}
    if manifest.labels:
        wanted["logits"] = len(manifest.labels)
    if inputs != {"input_ids", "attention_mask"} or not wanted.keys() <= outputs.keys():
        raise ArchitectureError(
            f"{path} has inputs {sorted(inputs)} and outputs {sorted(outputs)}",
            expected=f"inputs ['attention_mask', 'input_ids'] and outputs {sorted(wanted)}",
            remedy="Export the model with `spanport export encoder`.",
        )
    ids = np.zeros((1, 2), dtype=np.int64)
    results = session.run(list(wanted), {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    for (name, size), result in zip(wanted.items(), results, strict=True):
        if result.ndim != 3 or result.shape[2] != size:
            raise ArchitectureError(
                f"{path} returns {name} of shape {result.shape} for an input of shape {ids.shape}",
                expected=f"{(*ids.shape, size)}: the manifest says {size}"
                + (" labels" if name == "logits" else " hidden units"),
                remedy="The graph and the manifest belong to different models: export the bundle again.",
            )
