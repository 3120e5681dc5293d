"""From a PyTorch encoder to one ONNX graph with two outputs, and from there to the files of a bundle.

Optimum's exporter does the tracing: `two_output_config` derives from the configuration that Optimum has for
the architecture, so that its patches apply.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_models.errors import ExportError
from spanport_models.export.calibration import activations
from spanport_models.export.embeddings import CODES, SCALES, store_embeddings
from spanport_models.export.options import Storage
from spanport_models.export.quantization import quantize
from spanport_models.export.rewrite import reads
from spanport_models.manifest import Precision
from spanport_models.session import GRAPH_NAME, HEAD_NAME

OPSET = 17
EMBEDDINGS_NAME = "embeddings.onnx_data"
_PROTOBUF_LIMIT = 1_900_000_000


def two_output_config(model: Any, layer: int, *, labelled: bool) -> Any:
    """Optimum's ONNX configuration of a model, with ``hidden_states`` of one layer as an output.

    Args:
        model: A PyTorch model; a token classifier when ``labelled``.
        layer: Which of ``outputs.hidden_states`` to return.
        labelled: Whether the graph also returns ``logits``.
    """
    from optimum.exporters.onnx.config import TextEncoderOnnxConfig
    from optimum.exporters.onnx.model_patcher import ModelPatcher
    from optimum.exporters.tasks import TasksManager
    from optimum.utils import NormalizedTextConfig

    task = "token-classification" if labelled else "feature-extraction"
    seq2seq = getattr(model.config, "is_encoder_decoder", False)
    if seq2seq:  # Optimum's configurations of translators split them its own way; their encoder is a plain one
        base: Any = TextEncoderOnnxConfig
    else:
        base = TasksManager.get_exporter_config_constructor(
            "onnx", model=model, task=task, library_name="transformers"
        ).func
    axes = {0: "batch_size", 1: "sequence_length"}

    class SelectLayer(ModelPatcher):
        def __init__(self, config: Any, model: Any, model_kwargs: dict[str, Any] | None = None) -> None:
            super().__init__(config, model, model_kwargs=model_kwargs)

            def forward(input_ids: Any, attention_mask: Any) -> dict[str, Any]:
                outputs = self.orig_forward(
                    input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True, return_dict=True
                )
                chosen = {"hidden_states": outputs.hidden_states[layer]}
                return {"logits": outputs.logits, **chosen} if labelled else chosen

            self.patched_forward = forward

    class TwoOutputs(base):
        NORMALIZED_CONFIG_CLASS = getattr(base, "NORMALIZED_CONFIG_CLASS", None) or NormalizedTextConfig
        _MODEL_PATCHER = SelectLayer
        inputs = {"input_ids": axes, "attention_mask": axes}  # noqa: RUF012
        outputs = dict.fromkeys((["logits"] if labelled else []) + ["hidden_states"], axes)

    return TwoOutputs(model.config, task=task)


def export_graph(model: Any, folder: Path, layer: int, *, labelled: bool) -> Path:
    """Trace a model into ``folder/model.onnx``; above 2 GB its weights go into one file ``model.onnx_data``.

    Raises:
        ExportError: Optimum has no exporter for the architecture, or tracing failed.
    """
    from optimum.exporters.onnx import export

    path = folder / GRAPH_NAME
    try:
        config = two_output_config(model, layer, labelled=labelled)
        with hushed():
            export(model, config, path, opset=OPSET)
    except Exception as error:  # torch and optimum raise everything from KeyError to RuntimeError
        raise ExportError(
            f"{type(model).__name__} cannot be exported to ONNX: {error}",
            expected="an encoder that Optimum can trace",
        ) from error
    return path


def write_graphs(
    path: Path,
    folder: Path,
    *,
    labelled: bool,
    precision: Precision,
    embeddings: Storage,
    sentences: Sequence[NDArray[np.int32]] = (),
) -> str:
    """Write a traced graph as a bundle has it, in int8 calibrated on the token ids of some sentences.

    A labelled one is cut at its hidden states, so that alignment alone does not compute the layers above them:
    ``model.onnx`` (inputs -> hidden_states) and ``head.onnx`` (hidden_states -> logits), each weight in one of them.
    Embeddings in blocks have a file of their own, ``embeddings.onnx_data``. A graph above 2 GB keeps its weights
    beside it in ``*_data``.

    Returns:
        How the embeddings are stored, see `spanport_models.export.embeddings.store_embeddings`.

    Raises:
        ExportError: The embeddings cannot be stored as asked.
    """
    import onnx

    samples = activations(path, sentences) if precision == "int8" else {}
    whole = onnx.load(path)
    stored = store_embeddings(whole, embeddings, exact=precision != "int8")
    if precision == "int8":
        quantize(whole, samples)
    _move_embeddings(whole, folder / EMBEDDINGS_NAME)
    inputs = ["input_ids", "attention_mask"]
    parts = {GRAPH_NAME: _part(whole, inputs, "hidden_states")}
    if labelled:
        parts[HEAD_NAME] = _part(whole, ["hidden_states", *inputs], "logits")
    for name, model in parts.items():
        large = sum(len(tensor.raw_data) for tensor in model.graph.initializer) > _PROTOBUF_LIMIT
        onnx.save(
            model,
            folder / name,
            save_as_external_data=large,
            location=f"{name}_data",
            size_threshold=1024,
        )
    return stored


def _move_embeddings(model: Any, path: Path) -> None:
    """Move what embeddings in blocks consist of to a file of its own."""
    from onnx import TensorProto
    from onnx.external_data_helper import set_external_data

    tensors = [tensor for tensor in model.graph.initializer if tensor.name in (CODES, SCALES)]
    if not tensors:
        return
    with path.open("wb") as file:
        for tensor in tensors:
            set_external_data(tensor, path.name, offset=file.tell(), length=len(tensor.raw_data))
            file.write(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL


def _part(model: Any, inputs: Sequence[str], output: str) -> Any:
    """The nodes between these values, as a model of their own.

    What branches (``If``, as DeBERTa's graphs have it) read from outside counts as well, which
    ``onnx.utils.extract_model`` overlooks.
    """
    from onnx import helper

    graph = model.graph
    makers = {name: i for i, node in enumerate(graph.node) for name in node.output}
    wanted, kept, seen = [output], set[int](), set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen or name in inputs:
            seen.add(name)
            continue
        seen.add(name)
        if name in makers:
            kept.add(makers[name])
            wanted += reads(graph.node[makers[name]])
    values = {value.name: value for value in (*graph.input, *graph.output)}
    part = helper.make_graph(
        [graph.node[i] for i in sorted(kept)],
        graph.name,
        [values[name] for name in inputs if name in seen],
        [values[output]],
        [tensor for tensor in graph.initializer if tensor.name in seen],
    )
    return helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)


@contextmanager
def hushed() -> Iterator[None]:
    """Keep the tracing libraries' warnings off the user's terminal."""
    root, level = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.ERROR)
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
        if before is not None:
            os.environ["TOKENIZERS_PARALLELISM"] = before
